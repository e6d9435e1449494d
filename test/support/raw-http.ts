import { watchRefusal } from './known-secrets.js';
import { connect, type Socket } from 'node:net';

export interface RawHttpOptions {
  port: number;
  /** Default 127.0.0.1. */
  host?: string;
  /** Reads no faster than this, in small pieces, so that the peer sees steady progress. */
  bytesPerSecond?: number;
  /** Reads nothing until `resume()`. The kernel still takes up to a few megabytes in both socket buffers. */
  paused?: boolean;
  /** Counts what it receives and keeps nothing: for bodies larger than a test wants in memory. */
  discard?: boolean;
}

export interface RawHead {
  /** `1.0` or `1.1`. */
  version: string;
  status: number;
  reason: string;
  /** Names in lower case; repeats joined by `, `. */
  headers: Map<string, string>;
  /** The head as received, with its blank line. */
  text: string;
}

export interface RequestParts {
  method?: string;
  path: string;
  version?: '1.0' | '1.1';
  headers?: Record<string, string>;
  body?: string;
}

/** The text of a request; 1.1 gets a `Host`, a body its length. Bytes that this refuses to make can be sent as they are. */
export function requestText({ method = 'GET', path, version = '1.1', headers = {}, body = '' }: RequestParts): string {
  const host = version === '1.1' ? { Host: '127.0.0.1' } : {};
  const length = body === '' ? {} : { 'Content-Length': String(Buffer.byteLength(body)) };
  const lines = Object.entries({ ...host, ...length, ...headers }).map(([name, value]) => `${name}: ${value}\r\n`);
  return `${method} ${path} HTTP/${version}\r\n${lines.join('')}\r\n${body}`;
}

function parseHead(text: string): RawHead {
  const [first = '', ...rest] = text.trimEnd().split('\r\n');
  const match = /^HTTP\/(\d\.\d) (\d{3}) ?(.*)$/.exec(first);
  if (match === null) throw new Error(`not a status line: ${JSON.stringify(first)}`);
  const headers = new Map<string, string>();
  for (const line of rest) {
    const colon = line.indexOf(':');
    const name = line.slice(0, colon).toLowerCase();
    const value = line.slice(colon + 1).trim();
    headers.set(name, headers.has(name) ? `${headers.get(name)}, ${value}` : value);
  }
  const [, version = '', status = '', reason = ''] = match;
  return { version, status: Number(status), reason, headers, text };
}

type Framing = { kind: 'none' | 'chunked' | 'close' } | { kind: 'length'; left: number };

/** RFC 9112 section 6.3. */
function framingOf(head: RawHead, method: string): Framing {
  const empty = method === 'HEAD' || head.status < 200 || head.status === 204 || head.status === 304;
  if (empty) return { kind: 'none' };
  if (/\bchunked$/i.test(head.headers.get('transfer-encoding') ?? '')) return { kind: 'chunked' };
  const length = head.headers.get('content-length');
  return length === undefined ? { kind: 'close' } : { kind: 'length', left: Number(length) };
}

/** Below Jest's own limit, so that the failure says what was waited for. */
const WAIT_MS = 4000;
/** Twenty reads a second. */
const THROTTLED_READS = 20;

/** An HTTP client of bytes: it sends what it is told, as it is, and reads answers piece by piece. */
export class RawHttp {
  bytesSent = 0;
  bytesReceived = 0;
  /** Chunks of chunked bodies read so far, the last ones of size 0 not counted. */
  chunks = 0;
  /** `end`: the server closed in order; `error`: it reset; `client`: ended here. */
  readonly closed: Promise<'end' | 'error' | 'client'>;
  #socket: Socket;
  #received: Buffer = Buffer.alloc(0);
  #framing: Framing = { kind: 'none' };
  #status = 0;
  #finished = false;
  #paused: boolean;
  #wake: () => void = () => undefined;
  #timer: NodeJS.Timeout | undefined;

  private constructor(private readonly options: RawHttpOptions) {
    const { port, host = '127.0.0.1', bytesPerSecond, paused = false } = options;
    this.#paused = paused;
    const size = bytesPerSecond === undefined ? 65_536 : Math.max(1, Math.ceil(bytesPerSecond / THROTTLED_READS));
    const callback = (count: number, buffer: Uint8Array) => this.#read(Buffer.from(buffer.subarray(0, count)));
    this.#socket = connect({ port, host, noDelay: true, onread: { buffer: Buffer.alloc(size), callback } });
    this.#socket.on('error', () => undefined); // `closed` tells
    if (paused) this.#socket.pause();
    this.closed = new Promise((resolve) => {
      this.#socket.once('end', () => resolve('end'));
      this.#socket.once('error', () => resolve('error'));
      this.#socket.once('close', () => {
        this.#finished = true;
        this.#wake();
        resolve('client');
      });
    });
    this.#socket.once('end', () => {
      this.#finished = true;
      this.#wake();
    });
  }

  /** @throws Error where nobody listens. */
  static async connect(options: RawHttpOptions): Promise<RawHttp> {
    const client = new RawHttp(options);
    await new Promise<void>((resolve, reject) => {
      client.#socket.once('connect', resolve);
      client.#socket.once('error', reject);
    });
    return client;
  }

  /** Resolves once the bytes are with the kernel; never where the peer does not read. */
  send(bytes: string | Uint8Array): Promise<void> {
    this.bytesSent += Buffer.byteLength(bytes);
    return new Promise((resolve, reject) => {
      this.#socket.write(bytes, (error) => (error ? reject(error) : resolve()));
    });
  }

  /** Sends a request made by `requestText`. */
  request(parts: RequestParts): Promise<void> {
    return this.send(requestText(parts));
  }

  /**
   * Reads the next head. What follows it is then the body of `nextPiece` and `readBody`.
   * @param method of the request that it answers: HEAD answers have no body.
   * @throws Error where it is no head of HTTP, or does not come in time.
   */
  async readHead(method = 'GET', ms = WAIT_MS): Promise<RawHead> {
    const text = await this.#take((bytes) => {
      const at = bytes.indexOf('\r\n\r\n');
      return at === -1 ? null : at + 4;
    }, ms);
    if (text === null) throw new Error(`the connection ended before a head: ${this.#dump()}`);
    const head = parseHead(text.toString('latin1'));
    this.#framing = framingOf(head, method);
    this.#status = head.status;
    if (head.status >= 400) watchRefusal(`the head of an answer ${head.status}`, head.text);
    return head;
  }

  /**
   * The next piece of the present body as it arrives, one chunk at a time where it is chunked; null at its end.
   * @throws Error where the framing is broken, the connection ends inside the body, or nothing comes in time.
   */
  async nextPiece(ms = WAIT_MS): Promise<Buffer | null> {
    const framing = this.#framing;
    if (framing.kind === 'none') return null;
    if (framing.kind === 'chunked') return this.#nextChunk(ms);
    const limit = framing.kind === 'length' ? framing.left : Infinity;
    if (limit === 0) return null;
    const piece = await this.#take((bytes) => (bytes.length === 0 ? null : Math.min(bytes.length, limit)), ms);
    if (framing.kind === 'length') {
      if (piece === null) throw new Error(`the connection ended ${framing.left} bytes before the end of the body`);
      framing.left -= piece.length;
    }
    return piece;
  }

  /** The rest of the present body, which has to end within `ms`. */
  async readBody(ms = WAIT_MS): Promise<Buffer> {
    const pieces: Buffer[] = [];
    const deadline = performance.now() + ms;
    let piece: Buffer | null;
    while ((piece = await this.nextPiece(Math.max(1, deadline - performance.now()))) !== null) pieces.push(piece);
    const body = Buffer.concat(pieces);
    if (this.#status >= 400) watchRefusal(`the body of an answer ${this.#status}`, body.toString('utf8'));
    return body;
  }

  /** Reads the present body until its text, from here on, contains `text`, and gives what was read. */
  async readUntil(text: string, ms = WAIT_MS): Promise<string> {
    let read = '';
    const deadline = performance.now() + ms;
    while (!read.includes(text)) {
      const piece = await this.nextPiece(Math.max(1, deadline - performance.now()));
      if (piece === null) throw new Error(`the body ended without ${JSON.stringify(text)}: ${read.slice(-500)}`);
      read += piece.toString('latin1');
    }
    return Buffer.from(read, 'latin1').toString('utf8');
  }

  /** Stops reading: the peer's bytes stay in the socket buffers. */
  pause(): void {
    this.#paused = true;
    this.#socket.pause();
  }

  resume(): void {
    this.#paused = false;
    this.#socket.resume();
  }

  /** Sends FIN and goes on reading. */
  end(): void {
    this.#socket.end();
  }

  destroy(): void {
    clearTimeout(this.#timer);
    this.#socket.destroy();
  }

  /** Ends by RST. */
  reset(): void {
    clearTimeout(this.#timer);
    this.#socket.resetAndDestroy();
  }

  async #nextChunk(ms: number): Promise<Buffer | null> {
    const line = await this.#takeLine(ms);
    const size = /^([0-9a-fA-F]+)(;.*)?$/.exec(line)?.[1];
    if (size === undefined) throw new Error(`not the size of a chunk: ${JSON.stringify(line)}`);
    const length = Number.parseInt(size, 16);
    if (length === 0) {
      while ((await this.#takeLine(ms)) !== ''); // trailers
      this.#framing = { kind: 'none' };
      return null;
    }
    this.chunks += 1;
    const chunk = await this.#take((bytes) => (bytes.length < length + 2 ? null : length + 2), ms);
    if (chunk?.subarray(length).toString('latin1') !== '\r\n') throw new Error(`a chunk of ${length} bytes is broken`);
    return chunk.subarray(0, length);
  }

  async #takeLine(ms: number): Promise<string> {
    const line = await this.#take((bytes) => {
      const at = bytes.indexOf('\r\n');
      return at === -1 ? null : at + 2;
    }, ms);
    if (line === null) throw new Error(`the connection ended inside a chunked body: ${this.#dump()}`);
    return line.toString('latin1').slice(0, -2);
  }

  /** Waits until `measure` says how many bytes to take; null where the connection ends before. */
  async #take(measure: (bytes: Buffer) => number | null, ms: number): Promise<Buffer | null> {
    const deadline = performance.now() + ms;
    for (;;) {
      const count = measure(this.#received);
      if (count !== null) {
        const taken = this.#received.subarray(0, count);
        this.#received = this.#received.subarray(count);
        return taken;
      }
      if (this.#finished) return null;
      if (performance.now() >= deadline) throw new Error(`nothing more came in ${Math.round(ms)} ms: ${this.#dump()}`);
      await this.#change(deadline - performance.now());
    }
  }

  #change(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  /** Whether to go on reading at once. */
  #read(bytes: Buffer): boolean {
    this.bytesReceived += bytes.length;
    if (this.options.discard !== true) this.#received = Buffer.concat([this.#received, bytes]);
    this.#wake();
    const { bytesPerSecond } = this.options;
    if (bytesPerSecond === undefined) return !this.#paused;
    this.#timer = setTimeout(
      () => {
        if (!this.#paused && !this.#socket.destroyed) this.#socket.resume();
      },
      (bytes.length / bytesPerSecond) * 1000,
    );
    return false;
  }

  #dump(): string {
    return `${this.#received.length} bytes unread: ${JSON.stringify(this.#received.subarray(0, 300).toString('latin1'))}`;
  }
}
