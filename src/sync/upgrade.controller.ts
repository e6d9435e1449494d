import { Controller, Get } from '@nestjs/common';
import { SdkAccess } from '../auth/access.decorator.js';
import { FILTER_QUERIES, SdkApi, TextQueries } from '../common/sdk-api.decorators.js';
import { UpgradeRequired } from '../common/errors.js';

/** `GET /sdk/ws` without an upgrade; with one, `WebSocketDoor` has it. */
@Controller('sdk')
export class UpgradeController {
  /** A WebSocket (protocol section 5). */
  @Get('ws')
  @SdkApi({ tickets: true, keyInQuery: true })
  @TextQueries({ ...FILTER_QUERIES, last_event_id: 'The cursor to resume from.' })
  @SdkAccess({ tickets: true })
  upgrade(): never {
    throw new UpgradeRequired();
  }
}
