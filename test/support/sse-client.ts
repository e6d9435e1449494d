import { type IncomingHttpHeaders, type IncomingMessage } from 'node:http';
import { StringDecoder } from 'node:string_decoder';
import { sdkHeaders, sdkUrl, type SdkRequest } from './credentials.js';
import { openResponse, readAnswer } from './http-request.js';
import { SseParser, type SseBlock } from './sse-parser.js';
import { SyncProbe, type ProbeEnd } from './sync-probe.js';
import { parseMessage, type FlagDefinition } from './wire-types.js';

export interface SseOptions extends SdkRequest {
  /** Presented as `Last-Event-ID`, or with `cursorIn: 'query'` as `?last_event_id=`. */
  cursor?: string;
  cursorIn?: 'header' | 'query';
  /** The flags held at `cursor`; without them a delta's effect on unseen flags is not checked. */
  state?: ReadonlyMap<string, FlagDefinition>;
  /** For tests that restore an old database. */
  mayGoBack?: boolean;
  /** For the head of the answer; default 10000. */
  timeoutMs?: number;
}

/** The answer was no event stream: most often a 400, 401 or 403. */
export class SseRefused extends Error {
  override readonly name = 'SseRefused';

  constructor(
    readonly status: number,
    readonly headers: IncomingHttpHeaders,
    /** Parsed where it is JSON, else the text. */
    readonly body: unknown,
  ) {
    super(`the stream was refused with ${status}: ${JSON.stringify(body)}`);
  }
}

/** `raw` keeps this much of the stream's beginning. */
const RAW_BOUND = 16 * 1024 * 1024;

async function refusal(response: IncomingMessage, url: URL): Promise<SseRefused> {
  const { status, headers, text } = await readAnswer(response, url);
  const isJson = /[/+]json/.test(headers['content-type'] ?? '');
  return new SseRefused(status, headers, isJson ? (JSON.parse(text) as unknown) : text);
}

function presentation({ cursor, cursorIn = 'header' }: SseOptions): Pick<SdkRequest, 'headers' | 'query'> {
  if (cursor === undefined) return {};
  return cursorIn === 'header' ? { headers: { 'Last-Event-ID': cursor } } : { query: { last_event_id: cursor } };
}

/** One SSE connection, read to the letter of the standard. It never reconnects by itself. */
export class SseProbe extends SyncProbe {
  /** Every block of the stream, those without data too (the first one, pings). */
  readonly blocks: SseBlock[] = [];
  /** The text of the stream as received, without chunked framing (its first 16 MiB). */
  raw = '';
  bytesReceived = 0;
  #closing = false;
  readonly #faults: string[] = [];

  private constructor(
    readonly options: SseOptions,
    readonly response: IncomingMessage,
    private readonly abort: AbortController,
  ) {
    super(options);
    const parser = new SseParser((block) => this.#block(block));
    const decoder = new StringDecoder('utf8');
    response.on('data', (chunk: Buffer) => {
      this.bytesReceived += chunk.length;
      if (this.raw.length < RAW_BOUND) this.raw += decoder.write(chunk);
      parser.push(chunk);
    });
    response.once('end', () => this.end({ by: this.#closing ? 'client' : 'server' }));
    response.once('error', (error) => this.end(this.#closing ? { by: 'client' } : { by: 'error', error }));
    response.once('close', () => this.end({ by: this.#closing ? 'client' : 'error' }));
  }

  /**
   * Resolves as soon as the head of a 200 is there.
   * @throws SseRefused for any other status, Error where no head comes in time.
   */
  static async connect(options: SseOptions): Promise<SseProbe> {
    const { headers, query } = presentation(options);
    const request = {
      ...options,
      headers: { Accept: 'text/event-stream', ...headers, ...options.headers },
      query: { ...query, ...options.query },
    };
    const abort = new AbortController();
    const reason = new Error(`no head of a stream from ${options.url} in time`);
    const timer = setTimeout(() => abort.abort(reason), options.timeoutMs ?? 10_000);
    try {
      const ca = options.ca === undefined ? {} : { ca: options.ca };
      const signal = abort.signal;
      const url = sdkUrl(request, '/sdk/stream');
      const response = await openResponse(url, { headers: sdkHeaders(request), signal, ...ca });
      if (response.statusCode !== 200) throw await refusal(response, url);
      return new SseProbe(options, response, abort);
    } finally {
      clearTimeout(timer);
    }
  }

  get status(): number {
    return this.response.statusCode ?? 0;
  }

  get headers(): IncomingHttpHeaders {
    return this.response.headers;
  }

  /** The newest `retry` of the stream, in milliseconds. */
  get retry(): number | undefined {
    return this.blocks.findLast((block) => block.retry !== undefined)?.retry;
  }

  /** All comments so far, such as ` ping`. */
  get comments(): string[] {
    return this.blocks.flatMap((block) => block.comments);
  }

  /** Stops reading; the kernel still takes a few megabytes. `RawHttp` takes less. */
  pause(): void {
    this.response.pause();
  }

  resume(): void {
    this.response.resume();
  }

  /** A new connection that goes on where this one stands, with its state. */
  reconnect(changes: Partial<SseOptions> = {}): Promise<SseProbe> {
    return SseProbe.connect({ ...this.options, cursor: this.cursor, state: this.state, ...changes });
  }

  close(): Promise<ProbeEnd> {
    this.#closing = true;
    this.abort.abort();
    this.response.destroy();
    return this.closed;
  }

  protected override faults(): string[] {
    return [...this.#faults, ...this.checker.violations];
  }

  #block(block: SseBlock): void {
    this.blocks.push(block);
    if (this.blocks.length === 1) this.#checkFirst(block);
    if (block.data === null) return;
    const names = block.fields.map(([name]) => name);
    if (names.filter((name) => name === 'data').length !== 1) this.#faults.push(`not one data line: ${block.data}`);
    if (!names.includes('id')) this.#faults.push(`a message without an id: ${block.data}`);
    if (names.includes('event')) this.#faults.push(`a message with an event line: ${block.data}`);
    try {
      const message = parseMessage(block.data, block.lastEventId);
      if (message.type === 'Goodbye') this.#checkRetry(message.data.retry_after_ms);
      this.receive(message);
    } catch (error) {
      this.#faults.push(String(error));
    }
  }

  /** Section 4: `id` and `retry`, and nothing else but the blank lines before. */
  #checkFirst(block: SseBlock): void {
    const { id, retry, data } = block;
    if (data !== null || id === undefined || retry === undefined) {
      this.#faults.push(`the first block is not id and retry: ${JSON.stringify(block.fields)}`);
    }
    const presented = this.options.cursor ?? 'none';
    if (id !== undefined && id !== presented && id !== 'none') {
      this.#faults.push(`the first block has the id ${id} where ${presented} was presented`);
    }
    if (id !== undefined) this.cursor = id;
  }

  #checkRetry(afterMs: number | null): void {
    if (afterMs !== null && this.retry !== afterMs) {
      this.#faults.push(`Goodbye says ${afterMs} ms, but the newest retry was ${this.retry ?? 'never sent'}`);
    }
  }
}
