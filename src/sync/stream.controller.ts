import { Controller, Req, Sse } from '@nestjs/common';
import { type Request } from 'express';
import { type Observable } from 'rxjs';
import { SdkAccess } from '../auth/access.decorator.js';
import { Sdk } from '../auth/principal.decorator.js';
import { type KeyUnchecked, type SdkPrincipal } from '../auth/principal.js';
import { requestedFilter } from '../auth/requested-filter.js';
import { CLIENT_QUERY, FILTER_QUERIES, SdkApi, TextQueries } from '../common/sdk-api.decorators.js';
import { eventStream, responseOf } from './session-handshake.js';
import { Streams } from './streams.js';
import { SyncHub } from './sync-hub.js';

/** `GET /sdk/stream` (protocol section 4). */
@Controller('sdk')
export class StreamController {
  constructor(
    private readonly hub: SyncHub,
    private readonly streams: Streams,
  ) {}

  @Sse('stream')
  @SdkApi({ tickets: true, keyInQuery: true })
  @TextQueries({
    ...FILTER_QUERIES,
    last_event_id: 'The cursor to resume from, where Last-Event-ID cannot be sent.',
    ...CLIENT_QUERY,
  })
  @SdkAccess({ tickets: true, streaming: true })
  stream(@Req() request: Request, @Sdk() principal: SdkPrincipal | KeyUnchecked): Observable<never> {
    // Express reads the query anew whenever it is asked for it.
    const { flags, last_event_id: lastEventId, client } = request.query;
    const { figures } = this.hub;
    if ('unchecked' in principal) return eventStream(request, figures, this.streams.unchecked(request, principal, lastEventId));
    const wish = { principal, filter: requestedFilter(flags, principal), query: { lastEventId, client } };
    const onHead = () => this.streams.noteGranted({ wish, request, response: responseOf(request) });
    return eventStream(request, figures, this.streams.served(request, wish), onHead);
  }
}
