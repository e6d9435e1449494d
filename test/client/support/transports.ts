import { EventSource } from 'eventsource';
import { io } from 'socket.io-client';
import { WebSocket } from 'ws';
import { eventSource } from '../../../packages/client/src/transport/event-source.transport.js';
import { longPoll, poll } from '../../../packages/client/src/transport/poll.transport.js';
import { socketIo } from '../../../packages/client/src/transport/socket-io.transport.js';
import { sse } from '../../../packages/client/src/transport/sse.transport.js';
import { type Site, type Transport } from '../../../packages/client/src/transport/transport.js';
import { webSocket } from '../../../packages/client/src/transport/web-socket.transport.js';

type Door = readonly [name: string, credential: 'key' | 'ticket', make: (site: Site) => Transport];

/** Every transport, with each credential that it takes. */
export const transports: readonly Door[] = [
  ['sse', 'key', (site) => sse(site)],
  ['sse', 'ticket', (site) => sse(site)],
  ['event-source', 'ticket', (site) => eventSource(site, EventSource)],
  ['websocket', 'key', (site) => webSocket(site, WebSocket)],
  ['websocket', 'ticket', (site) => webSocket(site, WebSocket)],
  ['socket.io', 'key', (site) => socketIo(site, io)],
  ['socket.io', 'ticket', (site) => socketIo(site, io)],
  ['long-poll', 'key', (site) => longPoll(site)],
  ['poll', 'key', (site) => poll(site)],
];
