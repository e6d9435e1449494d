import { randomUUID } from 'node:crypto';
import { type Socket } from 'node:net';
import { Injectable, Logger } from '@nestjs/common';
import { type FlagFilter, type GoodbyeReason } from '@flagwire/protocol/sync';
import { type SdkCredentials } from '../auth/credentials.js';
import { uncheckedReason } from '../auth/key-not-checked.js';
import { type SdkPrincipal } from '../auth/principal.js';
import { requestedFilter } from '../auth/requested-filter.js';
import { SdkKeyVerifier } from '../auth/sdk-key-verifier.js';
import { WrongCredentials } from '../auth/wrong-credentials.js';
import { subscriptionTo } from '../changes/subscription.js';
import { Clock } from '../common/clock.js';
import { DomainError } from '../common/errors.js';
import { redact } from '../common/redact.js';
import { Refusals } from '../common/refusals.js';
import { type ClientName } from '../receipts/client-name.js';
import { type Holder } from './connection-quota.js';
import { type EndReason } from './outlet.js';
import { type Form } from './form.js';
import { RequestDesk } from './request-desk.js';
import { SocketOutlet } from './socket-outlet.js';
import { SyncHub } from './sync-hub.js';

/** What a socket presents when it comes. */
export interface Knock {
  readonly credentials: SdkCredentials;
  readonly origin: string | undefined;
  /** The environment that the client believes the key to be of. */
  readonly env: string | undefined;
  /** A list or a text of ids and prefixes; undefined: all. */
  readonly flags: unknown;
  readonly cursor: string | null;
  readonly client: ClientName | null;
}

/** Who came: let in, to be sent away for now, or refused for good. */
export type Entrance =
  | {
      kind: 'admitted';
      principal: SdkPrincipal & Holder;
      filter: FlagFilter | null;
      cursor: string | null;
      client: ClientName | null;
    }
  | { kind: 'later'; reason: Extract<GoodbyeReason, 'overload' | 'stale'>; cursor: string | null }
  | { kind: 'refused'; error: DomainError };

/** An open connection: where its requests go, and what lets go of it when the peer has left. */
export interface Visit {
  readonly desk: RequestDesk;
  readonly end: (reason: EndReason) => void;
  readonly close: () => void;
}

/** What both sockets have in common: who may come in, and what stands behind the connection. */
@Injectable()
export class SocketDoor {
  private readonly logger = new Logger('SocketDoor');

  constructor(
    private readonly verifier: SdkKeyVerifier,
    private readonly wrong: WrongCredentials,
    private readonly hub: SyncHub,
    private readonly refusals: Refusals,
    private readonly clock: Clock,
  ) {}

  /**
   * The same checks, in the same order, as in front of the stream. Never throws.
   * @param read may throw a DomainError: it is refused.
   */
  async admit(address: string, read: () => Knock): Promise<Entrance> {
    let presented: string | null = null;
    try {
      const { credentials, origin, env, flags, cursor, client } = read();
      presented = cursor;
      const principal = await this.verifier.verify(credentials, origin, env);
      const filter = requestedFilter(flags, principal);
      return { kind: 'admitted', principal: { ...principal, address }, filter, cursor, client };
    } catch (error) {
      const reason = uncheckedReason(error);
      if (reason === null && error instanceof DomainError) {
        // It counts; the answer stays the one for good, as on the stream: any other would bring the client back.
        this.wrong.answerTo(error, address);
        this.refusals.note(error);
        return { kind: 'refused', error };
      }
      if (!(error instanceof DomainError)) this.logger.error(redact(String(error instanceof Error ? error.stack : error)));
      return { kind: 'later', reason: reason ?? 'overload', cursor: presented };
    }
  }

  /** Serves who was admitted; null: there is no place, and the peer has been told so and sent away. */
  open({ principal, filter, cursor, client }: Extract<Entrance, { kind: 'admitted' }>, outlet: SocketOutlet): Visit | null {
    const { environmentId } = principal;
    const refusal = this.hub.refusal(principal);
    if (refusal !== null) {
      this.hub.turnAway(outlet, refusal, cursor);
      return null;
    }
    const subscriber = { connectionId: randomUUID(), holder: principal, subscription: subscriptionTo(filter), client };
    const session = this.hub.open(environmentId, subscriber, outlet);
    session.begin(cursor);
    return {
      desk: new RequestDesk(session, principal.filter, { clock: this.clock, refusals: this.refusals }),
      end: (reason) => session.end(reason),
      close: () => this.hub.close(session, environmentId),
    };
  }

  /** Who cannot be served now. */
  sendAway(outlet: SocketOutlet, { reason, cursor }: Extract<Entrance, { kind: 'later' }>): void {
    this.hub.turnAway(outlet, { reason, limit: null }, cursor);
  }

  /** Whose end is counted. @param close ends the WebSocket in order. */
  outlet(form: Form, socket: Socket, close: (reason: EndReason) => void): SocketOutlet {
    return new SocketOutlet(form, socket, (reason) => {
      this.hub.figures.noteEnd(reason);
      close(reason);
    });
  }
}
