import { request as requestHttp, type IncomingHttpHeaders, type IncomingMessage } from 'node:http';
import { request as requestHttps } from 'node:https';
import { watchAnswer } from './known-secrets.js';

export interface HttpRequestOptions {
  /** Default GET. */
  method?: string;
  headers?: Record<string, string | string[]>;
  body?: string | Buffer;
  /** For the whole answer; default 30000. */
  timeoutMs?: number;
  /** Breaks the request off. */
  signal?: AbortSignal;
  /** PEM of the authority to trust, for https. */
  ca?: string;
}

export class HttpAnswer {
  constructor(
    readonly status: number,
    readonly headers: IncomingHttpHeaders,
    /** Name and value in turn, as received: spelling and repeats included. */
    readonly rawHeaders: readonly string[],
    readonly bytes: Buffer,
  ) {}

  get text(): string {
    return this.bytes.toString('utf8');
  }

  /** @throws SyntaxError where the body is no JSON. */
  json(): unknown {
    return JSON.parse(this.text);
  }

  /** The header's value; repeats joined by `, `; undefined where it is absent. */
  header(name: string): string | undefined {
    const value = this.headers[name.toLowerCase()];
    return Array.isArray(value) ? value.join(', ') : value;
  }
}

/** Reads an opened response to its end. `method` and `url` are those of its request. */
export async function readAnswer(response: IncomingMessage, url: URL, method = 'GET'): Promise<HttpAnswer> {
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk as Buffer);
  const { statusCode = 0, headers, rawHeaders } = response;
  const answer = new HttpAnswer(statusCode, headers, rawHeaders, Buffer.concat(chunks));
  watchAnswer(url, method, statusCode, `${rawHeaders.join('\n')}\n\n${answer.text}`);
  return answer;
}

/**
 * Opens a response and gives it as soon as its head is there; the caller reads and ends it.
 * A connection of its own for each request: none that a server's restart may have killed is used again.
 * @throws Error where the connection fails or `signal` aborts.
 */
export function openResponse(url: string | URL, options: HttpRequestOptions = {}): Promise<IncomingMessage> {
  const { method = 'GET', headers = {}, body, ca, signal } = options;
  const target = new URL(url);
  const secure = target.protocol === 'https:' ? { ca } : {};
  return new Promise((resolve, reject) => {
    const start = target.protocol === 'https:' ? requestHttps : requestHttp;
    const length = body === undefined ? {} : { 'Content-Length': String(Buffer.byteLength(body)) };
    const request = start(target, { method, agent: false, headers: { ...length, ...headers }, signal, ...secure });
    request.once('response', resolve);
    request.on('error', reject);
    request.end(body);
  });
}

/**
 * One request and its whole answer, whatever the status; redirects are not followed, nothing is decompressed.
 * @throws Error where the connection fails or the answer is not complete in time.
 */
export async function httpRequest(url: string | URL, options: HttpRequestOptions = {}): Promise<HttpAnswer> {
  const timeout = AbortSignal.timeout(options.timeoutMs ?? 30_000);
  const signal = options.signal === undefined ? timeout : AbortSignal.any([options.signal, timeout]);
  return readAnswer(await openResponse(url, { ...options, signal }), new URL(url), options.method);
}
