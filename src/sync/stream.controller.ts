import { Controller, Req, Sse } from '@nestjs/common';
import { type FlagFilter } from '@flagwire/protocol/sync';
import { type Request } from 'express';
import { randomUUID } from 'node:crypto';
import { type Observable } from 'rxjs';
import { SdkAccess } from '../auth/access.decorator.js';
import { Sdk } from '../auth/principal.decorator.js';
import { type KeyUnchecked, type SdkPrincipal } from '../auth/principal.js';
import { requestedFilter } from '../auth/requested-filter.js';
import { addressOf } from '../common/client-address.js';
import { CLIENT_QUERY, FILTER_QUERIES, SdkApi, TextQueries } from '../common/sdk-api.decorators.js';
import { subscriptionTo } from '../changes/subscription.js';
import { clientName, type ClientName } from '../receipts/client-name.js';
import { type Holder } from './connection-quota.js';
import { eventStream, type OpenStream } from './session-handshake.js';
import { type Refusal, SyncHub } from './sync-hub.js';
import { type SyncSession } from './sync-session.js';

/** `GET /sdk/stream` (protocol section 4). */
@Controller('sdk')
export class StreamController {
  constructor(private readonly hub: SyncHub) {}

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
    const { query } = request;
    const fromHeader = request.get('Last-Event-ID');
    const fromQuery = query['last_event_id'];
    // A browser reconnects to its first URL: its header is newer than the parameter.
    const presented =
      fromHeader !== undefined && fromHeader !== '' ? fromHeader : typeof fromQuery === 'string' ? fromQuery : null;
    const open =
      'unchecked' in principal
        ? this.refused({ reason: principal.unchecked, limit: null }, presented)
        : this.served(
            { ...principal, address: addressOf(request) },
            requestedFilter(query['flags'], principal),
            presented,
            // A browser's EventSource sends no header of its own.
            clientName(request.get('Flagwire-Client') ?? query['client']),
          );
    return eventStream(request, this.hub.figures, open);
  }

  private served(
    holder: SdkPrincipal & Holder,
    filter: FlagFilter | null,
    presented: string | null,
    client: ClientName | null,
  ): OpenStream {
    const { environmentId } = holder;
    return (outlet) => {
      const refusal = this.hub.refusal(holder);
      if (refusal !== null) return this.refused(refusal, presented)(outlet);
      const subscriber = { connectionId: randomUUID(), holder, subscription: subscriptionTo(filter), client };
      const session: SyncSession = this.hub.open(environmentId, subscriber, outlet);
      return { begin: () => session.begin(presented), close: () => this.hub.close(session, environmentId) };
    };
  }

  /** An HTTP error would end an EventSource for ever: what is wrong only for now is said inside a stream. */
  private refused(refusal: Refusal, presented: string | null): OpenStream {
    return (outlet) => ({ begin: () => this.hub.turnAway(outlet, refusal, presented), close: () => undefined });
  }
}
