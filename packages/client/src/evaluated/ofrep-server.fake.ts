import { type BodyReader, type Fetch, type FetchResponse } from '../platform.js';

/** A question as it reached the server, which the test may answer later, or never. */
export interface Asked {
  readonly at: number;
  readonly context: Record<string, unknown>;
  readonly tag: string | null;
  readonly seen: string | null;
  readonly headers: Record<string, string>;
  /** With what the server has at that moment, unless it is told what. */
  answer(instead?: Partial<FakeAnswer>): void;
  isAborted: boolean;
}

export interface FakeAnswer {
  status: number;
  headers: Record<string, string>;
  body: string;
}

/** A notice stream that is open. */
export interface FakeStream {
  readonly at: number;
  readonly address: string;
  readonly last_id: string | null;
  send(text: string): void;
  end(): void;
  isAborted: boolean;
}

type Values = (context: Record<string, unknown>, revision: number) => object[];

/** What `fetch` finds behind it: an OFREP server whose answers and notices are the test's. */
export class OfrepServer {
  epoch = 'epoch001';
  revision = 1;
  day = 1;
  /** Asks are answered at once, unless they are held back. */
  isHolding = false;
  /** Comes in place of every answer. */
  instead: Partial<FakeAnswer> | null = null;
  isAway = false;
  hasStreams = true;
  /** No pings. */
  isQuiet = false;
  /** Where a proxy keeps back what the stream says. */
  isBuffered = false;
  values: Values = (context, revision) => [
    { key: 'who', value: String(context['targetingKey']), reason: 'TARGETING_MATCH', variant: 'x', metadata: { version: 1 } },
    { key: 'revision', value: revision, reason: 'STATIC', variant: 'n', metadata: { version: revision } },
  ];
  readonly asked: Asked[] = [];
  readonly opened: FakeStream[] = [];

  constructor(private readonly now: () => number) {}

  get cursor(): string {
    return `${this.epoch}.${this.revision}.mark0${this.revision % 10}`;
  }

  /** The streams that are open. */
  get open(): FakeStream[] {
    return this.opened.filter(({ isAborted }) => !isAborted);
  }

  /** Something changed. */
  change(): void {
    this.revision += 1;
    for (const stream of this.open) stream.send(this.notice);
  }

  get notice(): string {
    const data = JSON.stringify({ type: 'refetchEvaluation', etag: this.cursor, lastModified: 1 });
    return `id: ${this.cursor}\ndata: ${data}\n\n`;
  }

  /** Everything is gone, as where a server is killed. */
  break(): void {
    for (const stream of this.open) stream.end();
  }

  readonly fetch: Fetch = (url, init) => {
    const { headers, signal, body } = init as { headers: Record<string, string>; signal: AbortSignal; body?: string };
    if (this.isAway) return Promise.reject(new TypeError('fetch failed'));
    return body === undefined ? this.listen(url, headers, signal) : this.ask(url, headers, body, signal);
  };

  private ask(url: string, headers: Record<string, string>, body: string, signal: AbortSignal): Promise<FetchResponse> {
    const { context } = JSON.parse(body) as { context: Record<string, unknown> };
    return new Promise((resolve, reject) => {
      const tag = headers['If-None-Match'] ?? null;
      const answer = (instead: Partial<FakeAnswer> = this.instead ?? {}): void => {
        const etag = `"${this.cursor}-${JSON.stringify(context).length}${String(context['targetingKey'])}-${this.day}"`;
        const { status = tag === etag ? 304 : 200, headers: more = {}, body: text = this.body(context) } = instead;
        resolve(response(status, { etag, 'content-type': 'application/json', ...more }, bodyOf(status === 304 ? '' : text)));
      };
      const seen = new URL(url).searchParams.get('flagConfigEtag');
      const asked: Asked = { at: this.now(), context, tag, seen, headers, answer, isAborted: false };
      this.asked.push(asked);
      signal.addEventListener('abort', () => {
        asked.isAborted = true;
        reject(new Error('aborted'));
      });
      if (!this.isHolding) answer();
    });
  }

  private body(context: Record<string, unknown>): string {
    const eventStreams = [{ type: 'sse', endpoint: { requestUri: '/ofrep/v1/stream?token=t' } }];
    const { revision } = this;
    return JSON.stringify({
      ...{ flags: this.values(context, revision), metadata: { revision } },
      ...(this.hasStreams ? { eventStreams } : {}),
    });
  }

  private listen(address: string, headers: Record<string, string>, signal: AbortSignal): Promise<FetchResponse> {
    const waiting: ((piece: { done: boolean; value?: Uint8Array }) => void)[] = [];
    const pieces: { done: boolean; value?: Uint8Array }[] = [];
    const give = (piece: { done: boolean; value?: Uint8Array }): void => {
      const reader = waiting.shift();
      if (reader === undefined) pieces.push(piece);
      else reader(piece);
    };
    const end = (): void => {
      stream.isAborted = true;
      give({ done: true });
    };
    const send = (text: string): void => {
      if (!this.isBuffered) give({ done: false, value: new TextEncoder().encode(text) });
    };
    const last_id = headers['Last-Event-ID'] ?? null;
    const stream: FakeStream = { at: this.now(), address, last_id, send, end, isAborted: false };
    this.opened.push(stream);
    signal.addEventListener('abort', end);
    send(`id: ${last_id ?? ''}\ndata: {"type":"connected"}\n\n`);
    if (last_id !== null && last_id !== this.cursor) send(this.notice);
    const read: BodyReader['read'] = () => {
      const piece = pieces.shift();
      return piece === undefined ? new Promise((resolve) => waiting.push(resolve)) : Promise.resolve(piece);
    };
    return Promise.resolve(response(200, { 'content-type': 'text/event-stream' }, { getReader: () => ({ read }) }));
  }
}

function response(status: number, headers: Record<string, string>, body: FetchResponse['body']): FetchResponse {
  return { status, headers: { get: (name) => headers[name] ?? null }, body };
}

function bodyOf(text: string): FetchResponse['body'] {
  const pieces = [new TextEncoder().encode(text)];
  const read: BodyReader['read'] = () => {
    const value = pieces.shift();
    return Promise.resolve(value === undefined ? { done: true } : { done: false, value });
  };
  return { getReader: () => ({ read }) };
}
