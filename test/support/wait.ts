import { setTimeout as sleep } from 'node:timers/promises';

export interface EventuallyOptions {
  /** Default 4000: below Jest's own limit, so that the failure says what was waited for. */
  timeoutMs?: number;
  /** Pause between two attempts; default 20. */
  intervalMs?: number;
  /** What is waited for, for the message of the failure. */
  what?: string;
}

/**
 * Calls `attempt` until it neither throws nor gives `false` (`expect` may be used inside), and gives its value.
 * @throws the last failure, with the time waited, once `timeoutMs` have passed. An attempt under way is waited for.
 */
export async function eventually<T>(attempt: () => T | Promise<T>, options: EventuallyOptions = {}): Promise<T> {
  const { timeoutMs = 4000, intervalMs = 20, what = 'the condition' } = options;
  const deadline = performance.now() + timeoutMs;
  let failure: unknown;
  do {
    try {
      const value = await attempt();
      if (value !== false) return value;
      failure = new Error('it was false');
    } catch (error) {
      failure = error;
    }
    await sleep(intervalMs);
  } while (performance.now() < deadline);
  const reason = failure instanceof Error ? failure.message : String(failure);
  throw new Error(`${what} did not hold within ${timeoutMs} ms; at the last attempt: ${reason}`, { cause: failure });
}

/**
 * The opposite of `eventually`: `check` has to hold (neither throw nor give `false`) for all of `forMs`.
 * @throws at the first time that it does not, with the time it took.
 */
export async function holds(check: () => unknown, forMs: number, what = 'the condition'): Promise<void> {
  const start = performance.now();
  do {
    let value: unknown;
    try {
      value = await check();
    } catch (error) {
      throw new Error(`${what} stopped holding after ${Math.round(performance.now() - start)} ms`, { cause: error });
    }
    if (value === false) throw new Error(`${what} was false after ${Math.round(performance.now() - start)} ms`);
    await sleep(Math.min(20, forMs));
  } while (performance.now() - start < forMs);
}

/**
 * The promise's value, if it comes within `ms`.
 * @throws Error naming `what` after `ms`; the promise itself goes on.
 */
export async function within<T>(promise: Promise<T>, ms: number, what: string): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const expiry = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`${what} did not happen within ${ms} ms`)), ms);
  });
  try {
    return await Promise.race([promise, expiry]);
  } finally {
    clearTimeout(timer);
  }
}
