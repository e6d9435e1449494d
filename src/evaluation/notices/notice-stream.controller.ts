import { Controller, Headers, Req, Sse } from '@nestjs/common';
import { ApiQuery, ApiResponse, ApiSecurity, ApiTags } from '@nestjs/swagger';
import { type Request } from 'express';
import { type Observable } from 'rxjs';
import { SdkAccess } from '../../auth/access.decorator.js';
import { Sdk } from '../../auth/principal.decorator.js';
import { type KeyUnchecked, type SdkPrincipal } from '../../auth/principal.js';
import { addressOf } from '../../common/client-address.js';
import { eventStream } from '../../sync/session-handshake.js';
import { SyncHub } from '../../sync/sync-hub.js';
import { NoticeStreams } from './notice-streams.js';

/** `GET /ofrep/v1/stream`: notices that flags have changed, never values. */
@Controller('ofrep/v1')
export class NoticeStreamController {
  constructor(
    private readonly streams: NoticeStreams,
    private readonly hub: SyncHub,
  ) {}

  @Sse('stream')
  @ApiTags('ofrep')
  @ApiSecurity('stream-token')
  @ApiQuery({
    name: 'token',
    description: 'A stream token, as it stands in `eventStreams` of a bulk answer.',
    required: false,
    type: String,
  })
  @ApiResponse({
    status: 401,
    description: 'No stream token, or one that does not work.',
    content: { 'application/problem+json': {} },
  })
  @SdkAccess({ tickets: false, streamTokens: true, streaming: true })
  stream(
    @Req() request: Request,
    @Sdk() principal: SdkPrincipal | KeyUnchecked,
    @Headers('last-event-id') lastEventId?: string,
  ): Observable<never> {
    const presented = lastEventId === undefined || lastEventId === '' ? null : lastEventId;
    const open =
      'unchecked' in principal
        ? this.streams.refused({ reason: principal.unchecked, limit: null }, presented)
        : this.streams.served({ ...principal, address: addressOf(request) }, presented);
    return eventStream(request, this.hub.figures, open);
  }
}
