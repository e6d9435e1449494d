import { createServer, request, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { type AddressInfo } from 'node:net';

export interface Meddling {
  /** Answers leave in whole buffers of this size, and the rest at their end; their headers with the first one, or at once. */
  buffer?: { bytes: number; headersAtOnce: boolean };
  /** Changes the headers of answers. */
  headers?: (headers: IncomingMessage['headers']) => void;
}

/** An HTTP proxy in front of one server, which does to answers what badly set up ones do. */
export class MeddlingProxy {
  /** Paths that were asked for, and the credentials that came with them. */
  readonly asked: { path: string; credential: string | undefined }[] = [];

  private constructor(
    private readonly server: Server,
    private readonly upstream: string,
    private readonly meddling: Meddling,
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
    const call = request(new URL(url, this.upstream), { method, headers, agent: false }, (answer) => {
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
