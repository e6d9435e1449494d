import { createServer, request, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { type AddressInfo } from 'node:net';

export interface Meddling {
  /** Answers leave in whole buffers of this size, and the rest at their end; their headers with the first one, or at once. */
  buffer?: { bytes: number; headersAtOnce: boolean };
  /** Changes the headers of answers. */
  headers?: (headers: IncomingMessage['headers']) => void;
  /** How many answers to requests that are no GET are lost: the server has done what it was asked, and the connection breaks. */
  lost?: number;
  /** What happens before a request that is no GET goes on. */
  meanwhile?: () => Promise<unknown>;
  /** How many requests are answered 503 at the proxy. */
  unavailable?: number;
}

/** An HTTP proxy in front of one server, which does to answers what badly set up ones do. */
export class MeddlingProxy {
  /** Paths that were asked for, and the credentials that came with them. */
  readonly asked: { path: string; credential: string | undefined }[] = [];

  private constructor(
    private readonly server: Server,
    private readonly upstream: string,
    readonly meddling: Meddling,
  ) {}

  static async start(upstream: string, meddling: Meddling): Promise<MeddlingProxy> {
    const server = createServer();
    const proxy = new MeddlingProxy(server, upstream, meddling);
    server.on('request', (incoming: IncomingMessage, outgoing: ServerResponse) => proxy.pass(incoming, outgoing));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return proxy;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }

  private pass(incoming: IncomingMessage, outgoing: ServerResponse): void {
    const { method = 'GET', url = '/', headers } = incoming;
    this.asked.push({ path: url, credential: headers.authorization });
    if ((this.meddling.unavailable ?? 0) > 0) {
      this.meddling.unavailable = (this.meddling.unavailable ?? 0) - 1;
      incoming.resume().on('end', () => outgoing.writeHead(503, { 'Content-Type': 'text/html' }).end('<h1>Unavailable</h1>'));
      return;
    }
    if (method !== 'GET' && this.meddling.meanwhile !== undefined) {
      void this.meddling.meanwhile().then(() => this.handOn(incoming, outgoing));
    } else {
      this.handOn(incoming, outgoing);
    }
  }

  private handOn(incoming: IncomingMessage, outgoing: ServerResponse): void {
    const { method = 'GET', url = '/', headers } = incoming;
    const call = request(new URL(url, this.upstream), { method, headers, agent: false }, (answer) => {
      if (method !== 'GET' && (this.meddling.lost ?? 0) > 0) {
        this.meddling.lost = (this.meddling.lost ?? 0) - 1;
        answer.resume().on('end', () => outgoing.destroy());
        return;
      }
      this.meddling.headers?.(answer.headers);
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
      if (this.meddling.buffer === undefined) return void answer.pipe(outgoing);
      if (this.meddling.buffer.headersAtOnce) outgoing.flushHeaders();
      this.keepBack(answer, outgoing, this.meddling.buffer.bytes);
    });
    call.on('error', () => outgoing.destroy());
    outgoing.on('close', () => call.destroy());
    incoming.pipe(call);
  }

  private keepBack(answer: IncomingMessage, outgoing: ServerResponse, bytes: number): void {
    let kept = Buffer.alloc(0);
    answer.on('data', (piece: Buffer) => {
      kept = Buffer.concat([kept, piece]);
      const full = kept.length - (kept.length % bytes);
      if (full > 0) outgoing.write(kept.subarray(0, full));
      kept = kept.subarray(full);
    });
    answer.on('end', () => outgoing.end(kept));
  }
}
