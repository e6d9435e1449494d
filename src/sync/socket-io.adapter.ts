import { type INestApplicationContext } from '@nestjs/common';
import { IoAdapter } from '@nestjs/platform-socket.io';
import { type Server, type ServerOptions } from 'socket.io';
import { type Config } from '../config/config.js';
import { FULL, refuseUpgrade } from './http-upgrade.js';
import { PoliteServer } from './polite-server.js';
import { FRAME_BYTES, SPARE_SOCKETS } from './socket-limits.js';

/** Whoever has not come into a namespace by then is disconnected. */
const CONNECT_TIMEOUT_MS = 10_000;
/** Answers of the library that its peer has not taken: it sets no bound itself, not even for whoever has not come in. */
const MOST_PACKETS_UNSENT = 1000;

/** Socket.IO as the sync protocol has it (section 5): WebSocket only, nothing compressed, nothing recovered behind the guard's back. */
export class SyncIoAdapter extends IoAdapter {
  constructor(
    app: INestApplicationContext,
    private readonly config: Config,
  ) {
    super(app);
  }

  override createIOServer(port: number, options?: ServerOptions): Server {
    const { maxConnections, pingMs } = this.config;
    const server = super.createIOServer(port, {
      ...options,
      transports: ['websocket'],
      allowUpgrades: false,
      serveClient: false,
      wsEngine: PoliteServer,
      perMessageDeflate: false,
      httpCompression: false,
      maxHttpBufferSize: FRAME_BYTES,
      connectTimeout: CONNECT_TIMEOUT_MS,
      pingInterval: pingMs,
      pingTimeout: 2 * pingMs,
      // Plain WebSockets have the same HTTP server; their door answers for what is neither.
      destroyUpgrade: false,
      // The library would say 400, which is for good: it is not told of whom there is no place for.
      allowRequest: (request, decide) => {
        if (server.engine.clientsCount < maxConnections + SPARE_SOCKETS) decide(null, true);
        else refuseUpgrade(request.socket, 503, 'overload', FULL);
      },
    } as ServerOptions);
    server.engine.on('connection', (connection: PacketQueue) => {
      connection.on('packetCreate', () => {
        if (connection.writeBuffer.length > MOST_PACKETS_UNSENT) connection.close(true);
      });
    });
    return server;
  }
}

/** What is used of an engine.io connection. */
interface PacketQueue {
  readonly writeBuffer: readonly unknown[];
  on(event: 'packetCreate', listener: () => void): void;
  /** @param discard drops what is unsent. */
  close(discard: boolean): void;
}
