import { Server, ServerCredentials, setLogger } from '@grpc/grpc-js';
import { Injectable, Logger, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { createServer, type Server as NetServer, type Socket } from 'node:net';
import { CannotStart } from '../../common/errors.js';
import { Config } from '../../config/config.js';
import { FLAG_SYNC_SERVICE } from './flag-sync.proto.js';
import { FlagSyncService } from './flag-sync.service.js';
import { Http2Streams } from './http2-streams.js';

/** A request names a key and a flag set: it is tiny. */
const LARGEST_REQUEST = 16 * 1024;
const STREAMS_OF_A_CONNECTION = 100;
/** A connection without a call is closed after this. */
const IDLE_MS = 60_000;
/** A peer that answers no ping for this long is gone. */
const PING_ANSWER_MS = 20_000;
/**
 * A connection takes no more calls before its streams are as old as they may be: whoever comes again opens another one, which may lead
 * to another node. Both have a jitter of 10 %.
 */
const AGE_OF_A_STREAMS = 0.8;
/** In milliseconds: with that jitter still less than a timer takes. */
const OLDEST_CONNECTION_MS = 20 * 24 * 3_600_000;

/** The port of gRPC, where GRPC_PORT sets one. Its sockets are ours, so that they are counted, and closed in the end. */
@Injectable()
export class FlagdServer implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly logger = new Logger('FlagSync');
  private readonly sockets = new Set<Socket>();
  private listener: NetServer | null = null;
  private stop: () => void = () => undefined;

  constructor(
    private readonly service: FlagSyncService,
    private readonly config: Config,
  ) {}

  /** @throws CannotStart where the port cannot be listened on, or the certificate does not do. */
  async onApplicationBootstrap(): Promise<void> {
    const { grpcPort, host, maxConnections } = this.config;
    if (grpcPort === null) return;
    // It would write to stderr itself what it cannot read of a header, a key among that.
    const log = (text: unknown) => this.logger.warn(String(text));
    setLogger({ error: log, info: log, debug: log });
    const inject = this.makeServer();
    const listener = createServer((socket) => {
      this.sockets.add(socket);
      socket.on('close', () => this.sockets.delete(socket));
      inject(socket);
    });
    listener.maxConnections = maxConnections;
    this.listener = listener;
    await new Promise<void>((resolve, reject) => {
      listener.once('error', ({ message }) => reject(new CannotStart(`GRPC_PORT ${grpcPort} on ${host}: ${message}`)));
      listener.listen(grpcPort, host, resolve);
    });
    const address = listener.address();
    const port = typeof address === 'object' ? address?.port : grpcPort;
    this.logger.log(`flagd's gRPC sync is on port ${port}, ${this.isSecure ? 'with' : 'without'} TLS`);
  }

  /** Takes no connection any more, and resolves when there is none: every call has been ended. */
  async finish(): Promise<void> {
    const { listener } = this;
    if (listener === null) return;
    const closed = new Promise<void>((resolve) => listener.close(() => resolve()));
    this.stop();
    await closed;
  }

  onApplicationShutdown(): void {
    this.listener?.close();
    this.stop();
    for (const socket of this.sockets) socket.destroy();
  }

  private get isSecure(): boolean {
    return this.config.grpcCert !== null;
  }

  /** @returns what takes a connection. */
  private makeServer(): (socket: Socket) => void {
    const { pingMs, headersTimeoutMs, streamMaxAgeMs } = this.config;
    const age = streamMaxAgeMs === null ? null : Math.min(streamMaxAgeMs * AGE_OF_A_STREAMS, OLDEST_CONNECTION_MS);
    const http2 = new Http2Streams(headersTimeoutMs);
    const server = new Server({
      'grpc.max_receive_message_length': LARGEST_REQUEST,
      'grpc.max_concurrent_streams': STREAMS_OF_A_CONNECTION,
      'grpc.max_connection_idle_ms': IDLE_MS,
      ...(age === null ? {} : { 'grpc.max_connection_age_ms': age }),
      'grpc.keepalive_time_ms': pingMs,
      'grpc.keepalive_timeout_ms': PING_ANSWER_MS,
      'grpc.enable_channelz': 0,
      interceptors: [http2.interceptor],
    });
    server.addService(FLAG_SYNC_SERVICE, this.service.implementation(http2));
    const injector = server.createConnectionInjector(this.credentials());
    this.stop = () => injector.destroy();
    return (socket) => injector.injectConnection(socket);
  }

  private credentials(): ServerCredentials {
    const { grpcCert, grpcKey } = this.config;
    if ((grpcCert === null) !== (grpcKey === null))
      throw new CannotStart('FLAGWIRE_GRPC_CERT and FLAGWIRE_GRPC_KEY: set both, or neither.');
    if (grpcCert === null || grpcKey === null) return ServerCredentials.createInsecure();
    const pair = { cert_chain: Buffer.from(grpcCert), private_key: Buffer.from(grpcKey) };
    try {
      return ServerCredentials.createSsl(null, [pair]);
    } catch (error) {
      throw new CannotStart(`FLAGWIRE_GRPC_CERT and FLAGWIRE_GRPC_KEY do not do: ${(error as Error).message}`);
    }
  }
}
