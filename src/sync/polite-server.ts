import { type IncomingMessage } from 'node:http';
import { type Duplex } from 'node:stream';
import { type ServerOptions, type WebSocket, WebSocketServer } from 'ws';
import { type Refusals } from '../common/refusals.js';
import { refuseBare } from './http-upgrade.js';

/** Whoever does not answer a close frame is gone then; the library would keep the connection for half a minute. */
const CLOSE_TIMEOUT_MS = 1000;

/**
 * The library's server, but for pings: it would answer each, also those of a peer that does not read, and keep the answers.
 * Here the newest is answered when there is room again (RFC 6455 section 5.5.3 asks for no more). And an upgrade that is none is
 * refused as other requests are, and not by a page of HTML.
 */
export class PoliteServer extends WebSocketServer {
  constructor(options: ServerOptions, refusals: Refusals) {
    // The types of the library do not have `closeTimeout` yet.
    super({ ...options, autoPong: false, closeTimeout: CLOSE_TIMEOUT_MS } as ServerOptions);
    this.on('wsClientError', ({ message }, socket) =>
      refuseBare(socket, { status: 400, code: 'malformed_upgrade', detail: `${message}: see RFC 6455.` }, refusals),
    );
  }

  override handleUpgrade(
    request: IncomingMessage,
    socket: Duplex,
    head: Buffer,
    accept: (webSocket: WebSocket, request: IncomingMessage) => void,
  ): void {
    super.handleUpgrade(request, socket, head, (webSocket) => {
      answerPings(webSocket, socket);
      accept(webSocket, request);
    });
  }
}

function answerPings(webSocket: WebSocket, socket: Duplex): void {
  let newest: Buffer | null = null;
  const answer = (data: Buffer) => webSocket.readyState === webSocket.OPEN && webSocket.pong(data);
  const answerNewest = () => {
    if (newest !== null) answer(newest);
    newest = null;
  };
  webSocket.on('ping', (data: Buffer) => {
    if (!socket.writableNeedDrain) return void answer(data);
    if (newest === null) socket.once('drain', answerNewest);
    newest = data;
  });
}
