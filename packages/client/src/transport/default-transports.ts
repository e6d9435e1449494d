import { type Fetch, globals } from '../platform.js';
import { longPoll, poll } from './poll.transport.js';
import { sse } from './sse.transport.js';
import { type Site, type Transport } from './transport.js';
import { webSocket, type WebSocketConstructor } from './web-socket.transport.js';

export interface TransportOptions {
  /** `ticket`: polls take none (protocol section 6), and are left out. */
  readonly credential: 'key' | 'ticket';
  /** Default: that of the runtime. */
  readonly fetch?: Fetch;
  /** Default: that of the runtime, and none on Node.js 20, where the one of `ws` can be given. */
  readonly WebSocket?: WebSocketConstructor | undefined;
}

/** Best first: SSE, WebSocket, long poll, poll. */
export function defaultTransports(site: Site, options: TransportOptions): Transport[] {
  const { credential, fetch = globals.fetch, WebSocket = globals.WebSocket } = options;
  const sockets = WebSocket === undefined ? [] : [webSocket(site, WebSocket)];
  const polls = credential === 'ticket' ? [] : [longPoll(site, fetch), poll(site, fetch)];
  return [sse(site, fetch), ...sockets, ...polls];
}
