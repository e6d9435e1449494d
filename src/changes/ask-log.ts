import { DatabaseUnavailable } from '../common/errors.js';
import { within } from '../common/within.js';

/** Protocol section 1: a node that is behind waits this long for the log. */
const ASK_MS = 2000;

/** A request does not wait for a database that does not answer. @throws DatabaseUnavailable: 503, the client asks again. */
export function askLog<T>(answer: Promise<T>): Promise<T> {
  return within(answer, ASK_MS, () => new DatabaseUnavailable());
}
