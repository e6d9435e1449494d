import { createHash } from 'node:crypto';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { freePort } from '../../support/free-port.js';

/** What is sent, byte by byte as it is, in place of the server's answer to a request; the connection is then ended. */
export type Nonsense = (request: string) => Buffer | string;

/** Stands before a server, passes everything on, and from some moment answers in its place. */
export class Front {
  nonsense: Nonsense | null = null;
  /** How many requests got nonsense. */
  answered = 0;
  readonly #sockets = new Set<Socket>();

  private constructor(
    readonly port: number,
    private readonly upstream: number,
    private readonly server: Server,
  ) {
    server.on('connection', (socket: Socket) => this.#take(socket));
  }

  static async start(upstream: number): Promise<Front> {
    const server = createServer();
    const front = new Front(await freePort(), upstream, server);
    await new Promise<void>((resolve) => server.listen(front.port, '127.0.0.1', resolve));
    return front;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** From now on, and ends what is open: everybody has to ask again. Null: the server answers again. */
  turn(nonsense: Nonsense | null): void {
    this.nonsense = nonsense;
    for (const socket of this.#sockets) socket.destroy();
  }

  stop(): void {
    this.server.close();
    this.turn(null);
  }

  #take(socket: Socket): void {
    this.#watch(socket);
    if (this.nonsense === null) {
      const server = connect(this.upstream, '127.0.0.1');
      this.#watch(server);
      socket.pipe(server).pipe(socket);
      socket.once('close', () => server.destroy());
      server.once('close', () => socket.destroy());
      return;
    }
    const { nonsense } = this;
    socket.once('data', (request: Buffer) => {
      this.answered += 1;
      socket.end(nonsense(request.toString('latin1')));
    });
  }

  #watch(socket: Socket): void {
    this.#sockets.add(socket);
    socket.on('error', () => undefined).once('close', () => this.#sockets.delete(socket));
  }
}

/** The head of an answer. */
export function head(status: string, headers: Record<string, string | number> = {}): string {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  return `HTTP/1.1 ${status}\r\n${lines.join('')}\r\n`;
}

/** The answer that opens a WebSocket (RFC 6455, section 4.2.2). */
export function openingOf(request: string): string {
  const key = /sec-websocket-key: (.*)\r\n/i.exec(request)?.[1] ?? '';
  const accept = createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64');
  return head('101 Switching Protocols', { Upgrade: 'websocket', Connection: 'Upgrade', 'Sec-WebSocket-Accept': accept });
}

/** The beginning of a text frame, of this many bytes. */
export function frameOf(bytes: number): Buffer {
  const start = Buffer.alloc(10);
  start.writeUInt8(0x81, 0);
  start.writeUInt8(127, 1);
  start.writeBigUInt64BE(BigInt(bytes), 2);
  return start;
}
