import { type Fetch, type FetchResponse, globals } from '../platform.js';
import { type Failure, failure, failureOf } from './failure.js';
import { type Connection, type TransportEvent } from './transport.js';

/** Of an answer that was refused: whatever says why is shorter. */
const MAX_PROBLEM = 16 * 1024;

type Tell = (event: TransportEvent) => void;

/** What a transport does with an answer of 200 or 304. Gives null where the exchange ended as it should. */
export type Use = (response: FetchResponse, tell: Tell) => Promise<Failure | null>;

/** One request from beginning to end. Its body is let go at the end, whichever it is. */
export function exchange(fetch: Fetch, url: string, headers: Record<string, string>, use: Use, listener: Tell): Connection {
  const abort = new globals.AbortController();
  let over = false;
  let opened = false;
  const tell: Tell = (event) => {
    if (!over) listener(event);
  };
  const end = (ended: Failure | null): void => {
    tell({ type: 'Ended', failure: ended });
    over = true;
    abort.abort();
  };
  const run = async (): Promise<Failure | null> => {
    // A key must not go where a redirect points: not followed, and the address in the settings is to be corrected.
    const init = { headers, signal: abort.signal, redirect: 'manual', cache: 'no-store', credentials: 'omit' };
    const response = await fetch(url, init);
    opened = true;
    return (await refusalOf(response)) ?? use(response, tell);
  };
  // An own function as the caller: what is told before `open` has returned would find nobody to close.
  void Promise.resolve()
    .then(() => (over ? null : run()))
    .then(end, (error: unknown) => end(failureOf(error, opened)));
  return {
    close: () => {
      over = true;
      abort.abort();
    },
  };
}

/** The body, piece by piece. */
export async function* piecesOf(response: FetchResponse): AsyncGenerator<Uint8Array> {
  const reader = response.body?.getReader();
  for (let piece = await reader?.read(); piece && !piece.done; piece = await reader?.read()) {
    if (piece.value !== undefined) yield piece.value;
  }
}

/** The body as text, or null where it is longer than `limit` characters. */
export async function textOf(
  response: FetchResponse,
  limit: number,
  onPiece: () => void = () => undefined,
): Promise<string | null> {
  const decoder = new globals.TextDecoder();
  const parts: string[] = [];
  let length = 0;
  for await (const piece of piecesOf(response)) {
    onPiece();
    const part = decoder.decode(piece, { stream: true });
    length += part.length;
    if (length > limit) return null;
    parts.push(part);
  }
  return parts.join('') + decoder.decode();
}

async function refusalOf(response: FetchResponse): Promise<Failure | null> {
  const { status } = response;
  if (status === 200 || status === 304) return null;
  if (response.type === 'opaqueredirect' || (status >= 300 && status < 400)) {
    return failure('redirected', 'the server redirects: the address has to be the one that it redirects to', { status });
  }
  if (status === 204) return failure('not_a_stream', 'the server answers with nothing (204)', { status });
  const said = `the server answers ${status}${await problemIn(response)}`;
  switch (status) {
    case 401:
    case 403:
      return failure('unauthorized', said, { status });
    case 404:
    case 501:
      return failure('not_found', said, { status });
    default:
      return failure('http_status', said, { status, ...retryAfter(response) });
  }
}

/** The code of a problem+json, where there is one: an error that says `revoked_key` is worth more than one that says 401. */
async function problemIn(response: FetchResponse): Promise<string> {
  if (!/[/+]json/.test(response.headers.get('content-type') ?? '')) return '';
  try {
    const { code } = JSON.parse((await textOf(response, MAX_PROBLEM)) ?? '{}') as { code?: unknown };
    return typeof code === 'string' ? `: ${code}` : '';
  } catch {
    return '';
  }
}

/** RFC 9110 10.2.3: seconds, or a date, which is read by the server's own clock. */
function retryAfter({ headers }: FetchResponse): { retry_after_ms?: number } {
  const value = headers.get('retry-after');
  if (value === null) return {};
  const ms = /^\d+$/.test(value) ? Number(value) * 1000 : Date.parse(value) - Date.parse(headers.get('date') ?? '');
  return Number.isNaN(ms) ? {} : { retry_after_ms: Math.max(0, ms) };
}
