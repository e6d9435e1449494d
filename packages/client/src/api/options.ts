import { type Cache } from '../cache/cache.js';
import { type Evaluator } from '../evaluation/evaluator.js';
import { type Clock, type Fetch, globals } from '../platform.js';
import { type Site, type Transport } from '../transport/transport.js';
import { type WebSocketConstructor } from '../transport/web-socket.transport.js';
import { InvalidOptions, ServerKeyInBrowser } from './errors.js';
import { type TicketProvider } from './tickets.js';

export interface FlagSyncClientOptions {
  /** Of the server, without a path of `/sdk`: `https://flags.example.com`. */
  readonly url: string;
  /** A server key, on a server. Either this or `ticket`. */
  readonly sdkKey?: string;
  /** In a browser: asks the application's backend for a ticket, which that gets from `POST /sdk/ticket`. */
  readonly ticket?: TicketProvider;
  /** Ids, and prefixes as `checkout.*`: at most 100, 4 KiB. Default, and null: all. */
  readonly flags?: readonly string[] | null;
  /** `name/version`, as `checkout/1.4.2`: by it operators find this program among those that are behind. Default: this SDK's. */
  readonly client?: string;
  /** Keeps the flags for the next start, which then begins with them. Default: none. */
  readonly cache?: Cache;
  /** `{flags, cursor?}` as a poll answers them: shown until something better comes. */
  readonly bootstrap?: unknown;
  /** Decides flags that have targeting: `flagdEvaluator()` of `@flagwire/client/evaluate`. Without it they serve the fallback. */
  readonly evaluator?: Evaluator;
  /** Best first, of `@flagwire/client/transports`. Default: SSE, WebSocket where there is one, and with a key long polls and polls. */
  readonly transports?: (site: Site) => readonly Transport[];
  /** Default: the runtime's. Node.js 20 has none; that of `ws` can be given. */
  readonly WebSocket?: WebSocketConstructor;
  /** Is told once in a process of each deprecated flag that is asked for. Default: `console.warn`. */
  readonly warn?: (message: string) => void;
  /** Default: the runtime's. */
  readonly fetch?: Fetch;
  /** Default: `performance.now` and the runtime's timers. */
  readonly clock?: Clock;
  /** From 0 to 1. Default: `Math.random`. */
  readonly random?: () => number;
}

/** @throws InvalidOptions, ServerKeyInBrowser. Neither repeats the key. */
export function checkOptions({ url, sdkKey, ticket, client }: FlagSyncClientOptions): void {
  if (!/^https?:\/\/[^/\s]/.test(url)) {
    throw new InvalidOptions('url has to be as https://flags.example.com');
  }
  if (client !== undefined && !/^[\w.@+/-]{1,96}$/.test(client)) throw new InvalidOptions('client has to be as checkout/1.4.2');
  if ((sdkKey === undefined) === (ticket === undefined)) {
    throw new InvalidOptions('give sdkKey, or in a browser ticket');
  }
  if (sdkKey === undefined) {
    if (typeof ticket !== 'function') throw new InvalidOptions('ticket has to be a function');
  } else if (globals.document !== undefined) {
    throw new ServerKeyInBrowser('everybody can read a key that is in a page: give ticket');
  } else if (!/^fw_srv_\S+$/.test(sdkKey)) {
    throw new InvalidOptions('sdkKey has to be a server key: fw_srv_…');
  }
}
