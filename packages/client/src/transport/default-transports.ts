import { type Fetch, globals } from '../platform.js';
import { onDemand } from './on-demand.js';
import { sse } from './sse.transport.js';
import { LONG_POLL, POLL, WEB_SOCKET } from './traits.js';
import { type Site, type Transport } from './transport.js';
import { type WebSocketConstructor } from './web-socket.transport.js';

export interface TransportOptions {
  /** `ticket`: polls take none (protocol section 6), and are left out. */
  readonly credential: 'key' | 'ticket';
  /** Default: that of the runtime. */
  readonly fetch?: Fetch | undefined;
  /** Default: that of the runtime, and none on Node.js 20, where the one of `ws` can be given. */
  readonly WebSocket?: WebSocketConstructor | undefined;
}

/** Best first: SSE, WebSocket, long poll, poll. All but the first are loaded where they are opened: most programs never do. */
export function defaultTransports(site: Site, options: TransportOptions): Transport[] {
  const { credential, fetch = globals.fetch, WebSocket = globals.WebSocket } = options;
  const sockets =
    WebSocket === undefined
      ? []
      : [onDemand(WEB_SOCKET, async () => (await import('./web-socket.transport.js')).webSocket(site, WebSocket))];
  const polls =
    credential === 'ticket'
      ? []
      : [
          onDemand(LONG_POLL, async () => (await import('./poll.transport.js')).longPoll(site, fetch)),
          onDemand(POLL, async () => (await import('./poll.transport.js')).poll(site, fetch)),
        ];
  return [sse(site, fetch), ...sockets, ...polls];
}
