import { randomUUID } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { type FlagFilter } from '@flagwire/protocol/sync';
import { type Request, type Response } from 'express';
import { type Observable, Subject } from 'rxjs';
import { type KeyUnchecked, type SdkPrincipal } from '../auth/principal.js';
import { subscriptionTo } from '../changes/subscription.js';
import { addressOf } from '../common/client-address.js';
import { clientName } from '../receipts/client-name.js';
import { beginStream, type OpenStream } from './session-handshake.js';
import { type Refusal, SyncHub } from './sync-hub.js';

/** What the address and the credential of a stream ask for. Headers may say more: they are read for each stream. */
export interface StreamWish {
  readonly principal: SdkPrincipal;
  /** Null: every flag. */
  readonly filter: FlagFilter | null;
  /** `?last_event_id=` and `?client=`, as they were sent. */
  readonly query: { readonly lastEventId: unknown; readonly client: unknown };
}

/** A stream whose head is out. */
export interface GrantedStream {
  readonly wish: StreamWish;
  readonly request: Request;
  readonly response: Response;
}

/** Opens the sessions of streams, for whoever has let them in. */
@Injectable()
export class Streams {
  /** Each that the routes have let in, in the turn of its head; some are turned away in their first words. */
  readonly granted: Observable<GrantedStream>;
  private readonly grants = new Subject<GrantedStream>();

  constructor(private readonly hub: SyncHub) {
    this.granted = this.grants.asObservable();
  }

  noteGranted(stream: GrantedStream): void {
    this.grants.next(stream);
  }

  /** Whether it is served is decided in the turn in which it opens. */
  served(request: Request, { principal, filter, query }: StreamWish): OpenStream {
    const { environmentId } = principal;
    const holder = { ...principal, address: addressOf(request) };
    const presented = presentedCursor(request, query.lastEventId);
    // A browser's EventSource sends no header of its own.
    const client = clientName(request.headers['flagwire-client'] ?? query.client);
    return (outlet) => {
      const refusal = this.hub.refusal(holder);
      if (refusal !== null) return this.turnedAway(refusal, presented)(outlet);
      const subscriber = { connectionId: randomUUID(), holder, subscription: subscriptionTo(filter), client };
      const session = this.hub.open(environmentId, subscriber, outlet);
      return { begin: () => session.begin(presented), close: () => this.hub.close(session, environmentId) };
    };
  }

  /** Opens one that is granted. @param writeHead writes the head, at once. */
  begin(request: Request, response: Response, wish: StreamWish, writeHead: () => void): void {
    beginStream(request, response, this.hub.figures, { open: this.served(request, wish), writeHead });
  }

  /** Of a key that cannot be checked now. @param lastEventId as in the query. */
  unchecked(request: Request, { unchecked }: KeyUnchecked, lastEventId: unknown): OpenStream {
    return this.turnedAway({ reason: unchecked, limit: null }, presentedCursor(request, lastEventId));
  }

  /** An HTTP error would end an EventSource for ever: what is wrong only for now is said inside a stream. */
  private turnedAway(refusal: Refusal, presented: string | null): OpenStream {
    return (outlet) => ({ begin: () => this.hub.turnAway(outlet, refusal, presented), close: () => undefined });
  }
}

/** A browser reconnects to its first URL: its header is newer than the parameter. */
function presentedCursor({ headers }: Request, lastEventId: unknown): string | null {
  const fromHeader = headers['last-event-id'];
  if (typeof fromHeader === 'string' && fromHeader !== '') return fromHeader;
  return typeof lastEventId === 'string' ? lastEventId : null;
}
