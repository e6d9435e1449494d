import { type Fetch, type FetchResponse, globals } from '../platform.js';
import { type Failure, failure } from './failure.js';
import { type Connection, type TransportEvent } from './transport.js';

/** What is told of it; `Ended` once, as the last. */
export type Tell<E = TransportEvent> = (event: E | { type: 'Ended'; failure: Failure | null }) => void;

/** What a transport does with an answer of 200 or 304. Gives null where the exchange ended as it should. */
export type Use<E = TransportEvent> = (response: FetchResponse, tell: Tell<E>) => Promise<Failure | null>;

/** One request from beginning to end. Its body is let go at the end, whichever it is. */
export function exchange<E>(
  fetch: Fetch,
  url: string,
  headers: Record<string, string>,
  use: Use<E>,
  listener: Tell<E>,
): Connection {
  const abort = new globals.AbortController();
  let over = false;
  let opened = false;
  const tell: Tell<E> = (event) => {
    if (!over) listener(event);
  };
  const end = (ended: Failure | null): void => {
    tell({ type: 'Ended', failure: ended });
    over = true;
    abort.abort();
  };
  const run = async (): Promise<Failure | null> => {
    // A key must not go where a redirect points: not followed, and the address in the settings is to be corrected.
    const init = { headers, signal: abort.signal, redirect: 'manual', cache: 'no-store', credentials: 'omit' };
    const response = await fetch(url, init);
    opened = true;
    if (response.status === 200 || response.status === 304) return use(response, tell);
    // Loaded where it is needed: most programs are never refused.
    return (await import('./refusal.js')).refusalOf(response);
  };
  // An own function as the caller: what is told before `open` has returned would find nobody to close.
  void Promise.resolve()
    .then(() => (over ? null : run()))
    .then(end, async (error: unknown) => end(await explain(error, opened)));
  return {
    close: () => {
      over = true;
      abort.abort();
    },
  };
}

/** Where the network is gone from a page, that by which it is explained may be as well; a browser says no more of it anyway. */
async function explain(error: unknown, opened: boolean): Promise<Failure> {
  try {
    return (await import('./failure-of.js')).failureOf(error, opened);
  } catch {
    return failure('connection_lost', String(error));
  }
}
