import { setImmediate } from 'node:timers/promises';

/** Rows of one statement: far below the number of parameters that either database takes. */
const BATCH = 100;

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
