import { Subject } from 'rxjs';
import { CLOSE_CODES } from './close-codes.js';
import { type ConnectionLimit } from './connection-quota.js';
import { type Transport, TRANSPORTS, type Wire } from './form.js';
import { type EndReason } from './outlet.js';

/** Why a connection was ended without a word: see docs/operations.md. */
export type CutReason = 'stalled' | 'silent' | 'unread' | 'error';

export type ByTransport = Record<Transport, number>;

/** What is read of an open connection. */
interface Connection {
  readonly outlet: { readonly sent: number };
  readonly form: Wire;
  readonly isLagging: boolean;
}

const none = (): ByTransport => Object.fromEntries(TRANSPORTS.map((name) => [name, 0])) as ByTransport;

/** What metrics show of the hub: who is there now, and what was sent since the start. */
export class SyncFigures {
  /** Change sets handed to connections that have everything before them. */
  readonly deliveries = none();
  /** Milliseconds from the reading of the log until what was read had been handed to all of these. */
  readonly published = new Subject<number>();
  /** Encodings of change sets. */
  encodings = 0;
  /** Connections that were cut. */
  readonly cuts: Record<CutReason, number> = { stalled: 0, silent: 0, unread: 0, error: 0 };
  /** Connections that were ended in order, newcomers that were sent away among them. */
  readonly ends = Object.fromEntries(Object.keys(CLOSE_CODES).map((reason) => [reason, 0])) as Record<EndReason, number>;
  /** Newcomers that were sent away, by the bound that they met. */
  readonly refused: Record<ConnectionLimit, number> = { node: 0, key: 0, address: 0 };
  private readonly ended = none();

  constructor(private readonly sessions: Iterable<Connection>) {}

  /** Open connections. */
  connections(): ByTransport {
    const counts = none();
    for (const { form } of this.sessions) counts[form.transport] += 1;
    return counts;
  }

  /** Connections that are being fed from the log. */
  lagging(): number {
    return [...this.sessions].filter((session) => session.isLagging).length;
  }

  /** Of frames that connections were sent since the start, with those of connections that are gone. */
  bytes(): ByTransport {
    const sums = { ...this.ended };
    for (const { form, outlet } of this.sessions) sums[form.transport] += outlet.sent;
    return sums;
  }

  delivered(transport: Transport, sets: number, connections: number): void {
    this.deliveries[transport] += sets * connections;
  }

  /** A connection is ended in order. */
  noteEnd(reason: EndReason): void {
    this.ends[reason] += 1;
  }

  /** A connection is gone: what it was sent still counts. */
  noteGone({ form, outlet }: Connection): void {
    this.ended[form.transport] += outlet.sent;
  }
}
