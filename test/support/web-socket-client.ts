import { type IncomingMessage } from 'node:http';
import { type RawData, WebSocket } from 'ws';
import { sdkHeaders, sdkUrl } from './credentials.js';
import { readAnswer } from './http-request.js';
import { type SocketOptions, SocketProbe, SocketRefused } from './socket-probe.js';
import { type ProbeEnd } from './sync-probe.js';
import { parseMessage } from './wire-types.js';

async function refusal(response: IncomingMessage, url: URL): Promise<SocketRefused> {
  const answer = await readAnswer(response, url);
  const { code } = answer.json() as { code: string };
  return new SocketRefused(code, answer.status, answer.text);
}

/** One plain WebSocket. It never reconnects by itself. */
export class WebSocketProbe extends SocketProbe {
  /** The texts as they came. */
  readonly texts: string[] = [];
  #closing = false;
  readonly #faults: string[] = [];

  private constructor(
    readonly options: SocketOptions,
    readonly socket: WebSocket,
  ) {
    super(options);
    let error: Error | undefined;
    socket.on('message', (data, isBinary) => this.#take(data, isBinary));
    socket.on('error', (raised) => (error = raised));
    socket.on('close', (code) => {
      const by = this.#closing ? 'client' : code === 1006 ? 'error' : 'server';
      this.end({ by, code, ...(error && { error }) });
    });
  }

  /** Resolves once it is open. @throws SocketRefused where the upgrade is answered by an HTTP answer. */
  static async connect(options: SocketOptions): Promise<WebSocketProbe> {
    const { cursor, query, timeoutMs = 10_000 } = options;
    const presented = cursor === undefined ? {} : { last_event_id: cursor };
    const url = sdkUrl({ ...options, query: { ...presented, ...query } }, '/sdk/ws');
    const socket = new WebSocket(url, { headers: sdkHeaders(options), handshakeTimeout: timeoutMs, ca: options.ca });
    const probe = new WebSocketProbe(options, socket);
    await new Promise<void>((resolve, reject) => {
      socket.once('open', resolve);
      socket.once('error', reject);
      socket.once('unexpected-response', (_request, response) => void refusal(response, url).then(reject, reject));
    });
    return probe;
  }

  send(type: string, fields: object = {}): void {
    this.socket.send(JSON.stringify({ type, ...fields }));
  }

  reconnect(changes: Partial<SocketOptions> = {}): Promise<WebSocketProbe> {
    return WebSocketProbe.connect({ ...this.options, cursor: this.cursor, state: this.state, ...changes });
  }

  close(): Promise<ProbeEnd> {
    this.#closing = true;
    this.socket.close();
    return this.closed;
  }

  protected override faults(): string[] {
    return [...this.#faults, ...super.faults()];
  }

  #take(data: RawData, isBinary: boolean): void {
    const received = (data as Buffer).toString('utf8');
    this.texts.push(received);
    try {
      if (isBinary) throw new TypeError('a binary message');
      this.receive(parseMessage(received));
    } catch (error) {
      this.#faults.push(String(error));
    }
  }
}
