import { setImmediate } from 'node:timers/promises';

/** Rows of one statement: far below the number of parameters that either database takes. */
const BATCH = 100;
/** Milliseconds of work after which everybody else has a turn. */
const TURN_MS = 5;

/**
 * The items, a hundred at a time. Between two batches everybody else has a turn: libsql does its work before it gives its promise,
 * so that an `await` of that alone would let nobody in.
 */
export async function* inBatches<T>(items: readonly T[]): AsyncGenerator<T[]> {
  for (let start = 0; start < items.length; start += BATCH) {
    if (start > 0) await setImmediate();
    yield items.slice(start, start + BATCH);
  }
}

/** The items, one at a time, for work of which nobody knows how long it takes. */
export async function* inTurns<T>(items: Iterable<T>): AsyncGenerator<T> {
  let since = performance.now();
  for (const item of items) {
    if (performance.now() - since > TURN_MS) {
      await setImmediate();
      since = performance.now();
    }
    yield item;
  }
}
