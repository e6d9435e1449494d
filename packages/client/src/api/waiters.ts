import { type Clock } from '../platform.js';
import { ClientClosed } from './errors.js';

/** Timers of every runtime end at 2^31 ms, and what is further away fires at once. */
const LONGEST_MS = 2_147_483_647;

const DEFAULT_MS = 10_000;

export interface Waiting {
  /** In milliseconds; default 10,000. `Infinity`: no end. */
  readonly timeout_ms?: number;
}

interface Waiter {
  readonly isDone: () => boolean;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
  readonly timer: unknown;
}

/** Promises for something that `check` may find true. Owns their timers. */
export class Waiters {
  readonly #waiters = new Set<Waiter>();
  #ended = false;
  readonly #clock: Clock;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /**
   * Resolves once `isDone()`; rejects with a `Timeout` that names what has not come. Whoever does not look at it is not hurt by it: a
   * rejection that nobody handles would end a process.
   */
  wait(
    isDone: () => boolean,
    { timeout_ms = DEFAULT_MS }: Waiting = {},
    Timeout: new (message: string) => Error,
    what: string,
  ): Promise<void> {
    const promise = new Promise<void>((resolve, reject) => {
      if (this.#ended) return reject(new ClientClosed('closed'));
      if (isDone()) return resolve();
      const timer = this.#clock.setTimeout(
        () => {
          this.#waiters.delete(waiter);
          reject(new Timeout(`${what} has not come within ${timeout_ms} ms`));
        },
        Math.min(timeout_ms, LONGEST_MS),
      );
      const waiter = { isDone, resolve, reject, timer };
      this.#waiters.add(waiter);
    });
    promise.catch(() => undefined);
    return promise;
  }

  check(): void {
    for (const waiter of this.#waiters) if (waiter.isDone()) this.#take(waiter).resolve();
  }

  /** All of them reject, and all that come later. */
  end(): void {
    this.#ended = true;
    for (const waiter of this.#waiters) this.#take(waiter).reject(new ClientClosed('closed'));
  }

  #take(waiter: Waiter): Waiter {
    this.#waiters.delete(waiter);
    this.#clock.clearTimeout(waiter.timer);
    return waiter;
  }
}
