import { io, type Socket } from 'socket.io-client';
import { watchRefusal } from './known-secrets.js';
import { type SocketOptions, SocketProbe, SocketRefused } from './socket-probe.js';
import { type ProbeEnd } from './sync-probe.js';
import { parseMessage } from './wire-types.js';

/** One connection of the stock client, which is told not to reconnect. */
export class SocketIoProbe extends SocketProbe {
  /** Why the stock client says that it ended; after `io server disconnect` it would stay away. */
  reason: string | undefined;
  readonly #faults: string[] = [];

  private constructor(
    readonly options: SocketOptions,
    readonly socket: Socket,
  ) {
    super(options);
    socket.on('message', (...args: unknown[]) => this.#take(args));
    socket.on('disconnect', (reason) => {
      this.reason = reason;
      this.end({ by: reason === 'io client disconnect' ? 'client' : 'server' });
    });
  }

  /** Resolves once it is in the namespace. @throws SocketRefused with the code of `connect_error`. */
  static async connect(options: SocketOptions): Promise<SocketIoProbe> {
    const { url, key, ticket, env, flags, cursor, headers, timeoutMs = 10_000 } = options;
    const socket = io(`${url}/sdk`, {
      auth: { key, ticket, env, flags, last_event_id: cursor },
      transports: ['websocket'],
      ...{ forceNew: true, reconnection: false, timeout: timeoutMs },
      ...(headers && { extraHeaders: headers }),
    });
    const probe = new SocketIoProbe(options, socket);
    await new Promise<void>((resolve, reject) => {
      socket.once('connect', resolve);
      socket.once('connect_error', (error: Error & { data?: { code: string } }) => {
        const text = JSON.stringify([error.message, error.data]);
        watchRefusal('a connect_error', text);
        socket.disconnect();
        reject(error.data === undefined ? error : new SocketRefused(error.data.code, 0, text));
      });
    });
    return probe;
  }

  send(type: string, fields: object = {}): void {
    this.socket.emit(type, fields);
  }

  /** The acknowledgement of a request: `{ok: true}` or `{error}`. */
  async acknowledged(type: string, fields: object = {}): Promise<unknown> {
    const answer: unknown = await this.socket.timeout(4000).emitWithAck(type, fields);
    watchRefusal('an acknowledgement', JSON.stringify(answer));
    return answer;
  }

  reconnect(changes: Partial<SocketOptions> = {}): Promise<SocketIoProbe> {
    return SocketIoProbe.connect({ ...this.options, cursor: this.cursor, state: this.state, ...changes });
  }

  close(): Promise<ProbeEnd> {
    this.socket.disconnect();
    return this.closed;
  }

  protected override faults(): string[] {
    return [...this.#faults, ...super.faults()];
  }

  #take(args: unknown[]): void {
    try {
      if (args.length !== 1) throw new TypeError(`a message of ${args.length} parts`);
      this.receive(parseMessage(JSON.stringify(args[0])));
    } catch (error) {
      this.#faults.push(String(error));
    }
  }
}
