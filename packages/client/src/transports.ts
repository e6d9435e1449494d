/** The transports by name, for programs that choose: `transports: (site) => [sse(site), socketIo(site, io)]`. */
export { eventSource } from './transport/event-source.transport.js';
export type { EventSourceLike } from './transport/event-source.transport.js';
export { longPoll, poll } from './transport/poll.transport.js';
export { socketIo } from './transport/socket-io.transport.js';
export type { Io, SocketIoLike } from './transport/socket-io.transport.js';
export { sse } from './transport/sse.transport.js';
export { webSocket } from './transport/web-socket.transport.js';
export type { WebSocketConstructor, WebSocketLike } from './transport/web-socket.transport.js';
export type { Site, Transport } from './transport/transport.js';
