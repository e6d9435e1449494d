import { type IncomingMessage, ServerResponse } from 'node:http';
import { type INestApplicationContext } from '@nestjs/common';
import { IoAdapter } from '@nestjs/platform-socket.io';
import { type Server, type ServerOptions } from 'socket.io';
import { type ServerOptions as WebSocketSettings } from 'ws';
import { type Refusals } from '../common/refusals.js';
import { type Config } from '../config/config.js';
import { type BareRefusal, FULL, refuseBare, refuseRequest } from './http-upgrade.js';
import { PoliteServer } from './polite-server.js';
import { FRAME_BYTES, SPARE_SOCKETS } from './socket-limits.js';

/** Whoever has not come into a namespace by then is disconnected. */
const CONNECT_TIMEOUT_MS = 10_000;
/** Answers of the library that its peer has not taken: it sets no bound itself, not even for whoever has not come in. */
const MOST_PACKETS_UNSENT = 1000;
const NO_HANDSHAKE: BareRefusal = {
  status: 400,
  code: 'malformed_upgrade',
  detail: 'Socket.IO is spoken over WebSocket only: use a client of version 3 or newer, with transports: ["websocket"].',
};

/** Socket.IO as the sync protocol has it (section 5): WebSocket only, nothing compressed, nothing recovered behind the guard's back. */
export class SyncIoAdapter extends IoAdapter {
  constructor(
    app: INestApplicationContext,
    private readonly config: Config,
    private readonly refusals: Refusals,
  ) {
    super(app);
  }

  override createIOServer(port: number, options?: ServerOptions): Server {
    const { maxConnections, pingMs } = this.config;
    const { refusals } = this;
    const server = super.createIOServer(port, {
      ...options,
      transports: ['websocket'],
      allowUpgrades: false,
      serveClient: false,
      wsEngine: class extends PoliteServer {
        constructor(settings: WebSocketSettings) {
          super(settings, refusals);
        }
      },
      perMessageDeflate: false,
      httpCompression: false,
      maxHttpBufferSize: FRAME_BYTES,
      connectTimeout: CONNECT_TIMEOUT_MS,
      pingInterval: pingMs,
      pingTimeout: 2 * pingMs,
      // A name that nobody serves is refused by a namespace of that name (`SyncGateway`): it goes with whoever asked for it.
      cleanupEmptyChildNamespaces: true,
      // Plain WebSockets have the same HTTP server; their door answers for what is neither.
      destroyUpgrade: false,
    } as ServerOptions);
    // Before the library, whose refusals are no problem documents, and for good even where there is only no place now.
    server.engine.use((request: IncomingMessage, response: ServerResponse | object, next: () => void) => {
      const isFull = server.engine.clientsCount >= maxConnections + SPARE_SOCKETS;
      const refusal = isHandshake(request) ? (isFull ? FULL : null) : NO_HANDSHAKE;
      if (refusal === null) next();
      else if (response instanceof ServerResponse) refuseRequest(response, refusal, refusals);
      else refuseBare(request.socket, refusal, refusals);
    });
    server.engine.on('connection', (connection: EngineConnection) => {
      connection.on('packetCreate', () => {
        if (connection.writeBuffer.length > MOST_PACKETS_UNSENT) connection.close(true);
      });
      connection.on('close', (reason) => {
        if (reason === 'transport error' || reason === 'parse error') refusals.note({ code: 'malformed_frame' });
      });
    });
    return server;
  }
}

/** Long polling is not served, and neither is what came before Socket.IO 3. */
function isHandshake({ method, url = '', headers }: IncomingMessage): boolean {
  const query = new URLSearchParams(url.split('?', 2)[1]);
  const isUpgrade = method === 'GET' && headers.upgrade?.toLowerCase() === 'websocket';
  return isUpgrade && query.get('transport') === 'websocket' && query.get('EIO') === '4' && !query.has('sid');
}

/** What is used of an engine.io connection. */
interface EngineConnection {
  readonly writeBuffer: readonly unknown[];
  on(event: 'packetCreate' | 'close', listener: (reason: unknown) => void): void;
  /** @param discard drops what is unsent. */
  close(discard: boolean): void;
}
