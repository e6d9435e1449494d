import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { EXIT, own } from '../command-error.js';
import { type Answer, readAnswer } from './answer.js';
import { connectionFault, mayHaveArrived } from './connection-fault.js';
import { type Site } from './site.js';

export interface Call {
  readonly method: 'GET' | 'POST' | 'DELETE';
  /** Without the first slash. */
  readonly path: string;
  readonly query?: Readonly<Record<string, string | undefined>>;
  readonly body?: string | undefined;
  readonly ifMatch?: string | undefined;
  /** Of a POST; default: one that is drawn. Sent with each attempt, so that the server does it once. */
  readonly idempotencyKey?: string | undefined;
  /** Told of each piece of the body that leaves, with all bytes so far; each attempt begins anew. */
  readonly onSent?: (bytes: number, total: number) => void;
}

/** Before the second attempt and those after it: in that time a proxy or a node that restarts is back. */
const PAUSES_MS = [250, 1000, 2000];

/** The admin REST API. Every write is a POST with an `Idempotency-Key`, or can be repeated by nature. */
export class AdminApi {
  constructor(private readonly site: Site) {}

  /**
   * Makes the call; again where its connection broke or the server is not ready, up to four times in all.
   * @throws CommandError
   */
  async call<Body>(call: Call): Promise<Answer<Body>> {
    const url = this.urlOf(call);
    const headers = this.headersOf(call);
    const timeout = AbortSignal.timeout(this.site.timeoutMs);
    const signal = AbortSignal.any([this.site.signal, timeout]);
    try {
      for (let attempt = 0; ; attempt += 1) {
        const wait = PAUSES_MS[attempt];
        const outcome = await this.attempt(url, { method: call.method, headers, ...bodyOf(call), signal });
        if (wait === undefined || !isWorthAnother(outcome, attempt)) return finish<Body>(url, outcome);
        await pause(wait, undefined, { signal });
      }
    } catch (error) {
      if (this.site.signal.aborted || !timeout.aborted) throw error;
      const seconds = this.site.timeoutMs / 1000;
      const hint = 'Give it longer by --timeout. flagwire doctor looks for the reason.';
      throw own('timed_out', `${url.origin} did not answer within ${seconds} s.`, EXIT.noAnswer, hint);
    }
  }

  /** Every page of a list. */
  async *pages<Item>(path: string, query: Call['query'] = {}): AsyncGenerator<Item> {
    let after: string | undefined;
    do {
      const { body }: Answer<{ items: Item[]; next: string | null }> = await this.call({
        method: 'GET',
        path,
        query: { limit: '100', ...query, after },
      });
      yield* body.items;
      after = body.next ?? undefined;
    } while (after !== undefined);
  }

  private urlOf({ path, query = {} }: Call): URL {
    const url = new URL(path, this.site.url);
    for (const [name, value] of Object.entries(query)) if (value !== undefined) url.searchParams.set(name, value);
    return url;
  }

  private headersOf({ method, body, ifMatch, idempotencyKey }: Call): Record<string, string> {
    return {
      Accept: 'application/json',
      ...(this.site.token !== null && { Authorization: `Bearer ${this.site.token}` }),
      ...(body !== undefined && { 'Content-Type': 'application/json' }),
      ...(ifMatch !== undefined && { 'If-Match': ifMatch }),
      ...(method === 'POST' && { 'Idempotency-Key': idempotencyKey ?? randomUUID() }),
    };
  }

  private async attempt(url: URL, init: RequestInit): Promise<Outcome> {
    try {
      // A redirect would carry the token to wherever it points.
      const response = await fetch(url, { ...init, redirect: 'manual' });
      return { response, text: await response.text() };
    } catch (error) {
      init.signal?.throwIfAborted();
      return { error };
    }
  }
}

function bodyOf({ body, onSent }: Call): RequestInit {
  if (body === undefined || onSent === undefined) return { body: body ?? null };
  return { body: inPieces(Buffer.from(body), onSent), duplex: 'half' };
}

/** Of a size that shows something on a slow line. */
const PIECE_BYTES = 64 * 1024;

function inPieces(bytes: Buffer, onSent: NonNullable<Call['onSent']>): ReadableStream<Uint8Array> {
  let sent = 0;
  return new ReadableStream<Uint8Array>(
    {
      pull(controller) {
        const piece = bytes.subarray(sent, sent + PIECE_BYTES);
        if (piece.length > 0) controller.enqueue(piece);
        sent += piece.length;
        onSent(sent, bytes.length);
        if (sent >= bytes.length) controller.close();
      },
    },
    // Nothing is taken before the socket has room for it: else all would count as sent at once.
    { highWaterMark: 0 },
  );
}

type Outcome = { response: Response; text: string } | { error: unknown };

function isWorthAnother(outcome: Outcome, attempt: number): boolean {
  // Where nothing was there from the first, waiting would only hide a wrong address.
  if ('error' in outcome) return attempt > 0 || mayHaveArrived(outcome.error);
  const { response, text } = outcome;
  return [502, 503, 504].includes(response.status) || (response.status === 409 && text.includes('"request_in_progress"'));
}

function finish<Body>(url: URL, outcome: Outcome): Answer<Body> {
  if ('error' in outcome) throw connectionFault(outcome.error, url);
  return readAnswer<Body>(url, outcome.response, outcome.text);
}
