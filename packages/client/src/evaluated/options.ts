import { InvalidOptions, ServerKeyInBrowser } from '../api/errors.js';
import { type Cache } from '../cache/cache.js';
import { type EvaluationContext } from '../evaluation/evaluator.js';
import { type Clock, type Fetch, globals } from '../platform.js';

export interface EvaluatedFlagClientOptions {
  /** Of the server, without a path of `/ofrep`: `https://flags.example.com`. */
  readonly url: string;
  /** `fw_cli_…`. It has to list the page's origin. */
  readonly clientKey: string;
  /** Whom the flags are evaluated for, as JSON. Default: nobody in particular. */
  readonly context?: EvaluationContext;
  /** Keeps the values of the last 10 contexts, for the next start and for `setContext`. Default: none. */
  readonly cache?: Cache;
  /** A bulk answer for `context`, as `POST /ofrep/v1/evaluate/flags` gives it: shown until something better comes. */
  readonly bootstrap?: unknown;
  /** Default: the runtime's. */
  readonly fetch?: Fetch;
  /** Default: `performance.now` and the runtime's timers. */
  readonly clock?: Clock;
  /** From 0 to 1. Default: `Math.random`. */
  readonly random?: () => number;
}

/** @throws InvalidOptions, ServerKeyInBrowser. Neither repeats the key. */
export function checkOptions({ url, clientKey }: EvaluatedFlagClientOptions): void {
  if (!/^https?:\/\/[^/\s]/.test(url)) throw new InvalidOptions('url has to be as https://flags.example.com');
  if (/^fw_cli_\S+$/.test(clientKey)) return;
  if (globals.document !== undefined && /^fw_srv_/.test(clientKey)) {
    throw new ServerKeyInBrowser('everybody can read a key that is in a page: give a client key');
  }
  throw new InvalidOptions('clientKey has to be a client key: fw_cli_…');
}
