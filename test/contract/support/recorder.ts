import { type IncomingMessage } from 'node:http';
import { sdkHeaders, sdkUrl, type SdkRequest } from '../../support/credentials.js';
import { type HttpAnswer, httpRequest } from '../../support/http-request.js';
import { type PollBody } from '../../support/poll-client.js';
import { type TestServer } from '../../support/server.js';
import { SseProbe } from '../../support/sse-client.js';
import { RecordedSocket } from './recorded-socket.js';
import { PATIENCE_MS } from './subscriber.js';
import { Transcript } from './transcript.js';

/** The headers of an answer that the protocol speaks of, and that do not tell the time. */
const SHOWN = ['content-type', 'cache-control', 'etag', 'x-accel-buffering', 'upgrade'];

const ENVIRONMENT = 'production';

function headOf(status: number, phrase: string, rawHeaders: readonly string[]): string {
  const lines = rawHeaders.flatMap((name, index) =>
    index % 2 === 0 && SHOWN.includes(name.toLowerCase()) ? [`${name}: ${rawHeaders[index + 1]}`] : [],
  );
  return [`HTTP/1.1 ${status} ${phrase}`, ...lines, ''].join('\n');
}

/** One stream of a recording. */
export class RecordedStream {
  #written = 0;

  constructor(
    readonly probe: SseProbe,
    private readonly transcript: Transcript,
  ) {}

  get cursor(): string {
    return this.probe.cursor;
  }

  /** Writes down what the server has sent since the last time, once this cursor is reached. */
  async until(cursor: string): Promise<void> {
    await this.probe.waitForCursor(cursor, PATIENCE_MS);
    this.write();
  }

  /** The same at the end of the first sync. */
  async synced(): Promise<void> {
    await this.probe.waitForSync(PATIENCE_MS);
    this.write();
  }

  /** The same when the server has ended the stream. */
  async ended(): Promise<void> {
    await this.probe.closed;
    this.write();
  }

  /** @param until only what comes before this, where it is given. */
  write(until?: string): void {
    const { raw } = this.probe;
    const end = until === undefined ? raw.length : raw.indexOf(until, this.#written);
    // The end of the last line is in the line itself.
    this.transcript.server(raw.slice(this.#written, end).replace(/\n$/, ''));
    this.#written = end;
  }

  async close(): Promise<void> {
    await this.probe.close();
    this.probe.assertInOrder();
  }
}

/** Records what is said between a server and a client of a project of its own. */
export class Recorder {
  readonly transcript = new Transcript();
  #keyId = '';
  key = '';

  private constructor(
    private readonly server: TestServer,
    private readonly project: string,
  ) {}

  static async open(server: TestServer, project: string): Promise<Recorder> {
    const recorder = new Recorder(server, project);
    await server.admin.createProject(project);
    await server.admin.createEnvironment(ENVIRONMENT, { project });
    const { id, key } = await server.admin.createKey(ENVIRONMENT, 'server', {}, { project });
    recorder.#keyId = id;
    recorder.key = key;
    return recorder;
  }

  /** A flag, before the recording. */
  async flag(id: string, fields: object = {}): Promise<void> {
    await this.server.admin.createFlag(id, fields, { project: this.project });
  }

  note(text: string): void {
    this.transcript.note(text);
  }

  /** A write of an administrator, to a path below the project's; the cursor after it. */
  async write(method: string, path: string, body?: object): Promise<string> {
    const whole = `/api/projects/${this.project}${path}`;
    const answer = await this.server.admin.call(method, whole, body);
    const cursor = answer.cursors[ENVIRONMENT] ?? '';
    const sent = body === undefined ? '' : ` ${JSON.stringify(body)}`;
    this.transcript.admin(`${method} ${whole}${sent}\n${answer.status} Flagwire-Cursor: ${ENVIRONMENT}="${cursor}"`);
    return cursor;
  }

  toggle(flag: string, status: string): Promise<string> {
    return this.write('PATCH', `/flags/${flag}/environments/${ENVIRONMENT}`, { status });
  }

  changeSet(changes: object[]): Promise<string> {
    return this.write('POST', `/environments/${ENVIRONMENT}/change-sets`, { changes });
  }

  async revoke(): Promise<void> {
    await this.write('DELETE', `/environments/${ENVIRONMENT}/sdk-keys/${this.#keyId}`);
  }

  /** Opens a stream and writes down its head; the rest by the stream that it gives. */
  async stream(options: { cursor?: string; flags?: string[] } = {}): Promise<RecordedStream> {
    const request = { url: this.server.url, key: this.key, ...options };
    const probe = await SseProbe.connect({ ...request, timeoutMs: PATIENCE_MS });
    const presented: Record<string, string> = options.cursor === undefined ? {} : { 'Last-Event-ID': options.cursor };
    this.#asked(sdkUrl(request, '/sdk/stream'), { ...sdkHeaders(request), Accept: 'text/event-stream', ...presented });
    this.transcript.server(headOf(probe.status, 'OK', probe.response.rawHeaders));
    return new RecordedStream(probe, this.transcript);
  }

  /** Opens a plain WebSocket with a cursor, and writes down both heads. */
  webSocket(cursor: string): Promise<RecordedSocket> {
    const request = { url: this.server.url, key: this.key };
    return this.#upgraded(sdkUrl(request, '/sdk/ws'), { ...sdkHeaders(request), 'Last-Event-ID': cursor });
  }

  /** The same for the transport below Socket.IO; what it presents stands in a message. */
  socketIo(): Promise<RecordedSocket> {
    return this.#upgraded(new URL('/socket.io/?EIO=4&transport=websocket', this.server.url), {});
  }

  /** One poll, written down whole. */
  async poll(extras: Pick<SdkRequest, 'query' | 'headers'>): Promise<HttpAnswer> {
    const request = { url: this.server.url, key: this.key, ...extras };
    const url = sdkUrl(request, '/sdk/poll');
    const answer = await httpRequest(url, { headers: sdkHeaders(request) });
    this.#asked(url, sdkHeaders(request));
    this.transcript.server(headOf(answer.status, answer.status === 304 ? 'Not Modified' : 'OK', answer.rawHeaders));
    if (answer.text !== '') this.transcript.server(answer.text);
    return answer;
  }

  /** The environment's cursor, for a client that was here before the recording began. */
  async presentCursor(): Promise<string> {
    const request = { url: this.server.url, key: this.key };
    const answer = await httpRequest(sdkUrl(request, '/sdk/poll'), { headers: sdkHeaders(request) });
    return (answer.json() as PollBody).cursor;
  }

  #upgraded(url: URL, headers: Record<string, string>): Promise<RecordedSocket> {
    this.#asked(url, { ...headers, Upgrade: 'websocket' });
    const head = ({ statusCode = 0, statusMessage = '', rawHeaders }: IncomingMessage): void =>
      this.transcript.server(headOf(statusCode, statusMessage, rawHeaders));
    return RecordedSocket.open(url, headers, this.transcript, head);
  }

  #asked({ pathname, search }: URL, headers: Record<string, string>): void {
    const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`);
    this.transcript.client([`GET ${pathname}${decodeURIComponent(search)} HTTP/1.1`, ...lines, ''].join('\n'));
  }
}
