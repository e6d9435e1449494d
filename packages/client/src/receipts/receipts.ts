import { NO_CURSOR } from '@flagwire/protocol/sync';
import { type Clock, globals } from '../platform.js';
import { ANSWER_MS } from '../transport/traits.js';
import { type Connection } from '../transport/transport.js';

/** A server that asks for more than this is not heeded: it would be all that a client does. */
const LEAST_EVERY_MS = 100;
const LONGEST_EVERY_MS = 3_600_000;
/** After one that was not heard. */
const AGAIN_MS = 5000;

/** Of `SyncStarted`. */
export interface Asked {
  readonly connection_id: string;
  /** How often it may be said, in milliseconds. */
  readonly ack_every_ms: number;
}

/** Null: the server wants none. */
export function receiptsOf(
  connection: Connection,
  { connection_id, ack_every_ms }: Partial<Asked>,
  { clock, random }: { clock: Clock; random: () => number },
): Receipts | null {
  if (typeof connection_id !== 'string' || typeof ack_every_ms !== 'number' || !(ack_every_ms > 0)) return null;
  return new Receipts(connection, { connection_id, ack_every_ms }, clock, random);
}

/**
 * Tells the server what has been applied (docs/protocol.md, section 12): the newest cursor alone, at most once in the time that the
 * server names, at a random moment of it, so that all who got a change do not answer at once. What was not heard is said again. It
 * owns one timer; `close` ends that, and what is under way.
 */
export class Receipts {
  #newest = { id: NO_CURSOR, at: 0 };
  #said: string = NO_CURSOR;
  #freeAt = 0;
  #timer: unknown = null;
  #abort: { abort(): void } | null = null;
  #closed = false;
  readonly #every: number;
  readonly #connection: Connection;
  readonly #asked: Asked;
  readonly #clock: Clock;
  readonly #random: () => number;

  constructor(connection: Connection, asked: Asked, clock: Clock, random: () => number) {
    this.#connection = connection;
    this.#asked = asked;
    this.#clock = clock;
    this.#random = random;
    this.#every = Math.min(Math.max(asked.ack_every_ms, LEAST_EVERY_MS), LONGEST_EVERY_MS);
  }

  /** Everything up to this cursor is applied. The same one again is nothing new. */
  applied(cursor: string): void {
    if (cursor === this.#newest.id) return;
    this.#newest = { id: cursor, at: this.#clock.now() };
    this.#arrange();
  }

  close(): void {
    this.#closed = true;
    this.#clock.clearTimeout(this.#timer);
    this.#abort?.abort();
  }

  #arrange(): void {
    const { id } = this.#newest;
    if (this.#closed || this.#timer !== null || id === NO_CURSOR || id === this.#said) return;
    const wait = Math.max(0, this.#freeAt - this.#clock.now()) + this.#random() * this.#every;
    this.#timer = this.#clock.setTimeout(() => void this.#say(), wait);
  }

  /** The timer is then that of the answer: nothing else is said meanwhile. */
  async #say(): Promise<void> {
    const { id, at } = this.#newest;
    const now = this.#clock.now();
    const abort = new globals.AbortController();
    this.#abort = abort;
    this.#timer = this.#clock.setTimeout(() => abort.abort(), ANSWER_MS);
    this.#freeAt = now + this.#every;
    try {
      const { connection_id } = this.#asked;
      await this.#connection.acknowledge?.({ connection_id, id, waited_ms: Math.round(now - at) }, abort.signal);
      this.#said = id;
    } catch {
      this.#freeAt = Math.max(this.#freeAt, this.#clock.now() + AGAIN_MS);
    }
    // The rest of an answer is let go.
    abort.abort();
    this.#clock.clearTimeout(this.#timer);
    this.#timer = null;
    this.#arrange();
  }
}
