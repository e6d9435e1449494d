import { type IncomingMessage } from 'node:http';

const PATH = '/sdk/poll';
/** Longer ones are not remembered: so many of them would be much. */
const LONGEST = 1024;
/** Parameters that say who asks, and nothing of what. */
const WHO = new Set(['key', 'instance', 'client']);

/**
 * All of a request that its answer depends on, apart from `If-None-Match`, `Accept-Encoding` and `X-Request-Id`, as one text; null: it
 * may depend on more, so that only the routes can tell.
 */
export function questionOf({ method, url = '', httpVersion, headers }: IncomingMessage): string | null {
  if (method !== 'GET' || !url.startsWith(PATH) || httpVersion !== '1.1') return null;
  const isPlain =
    headers.host !== undefined &&
    headers.origin === undefined &&
    headers['if-modified-since'] === undefined &&
    headers['content-length'] === undefined &&
    headers['transfer-encoding'] === undefined &&
    headers.expect === undefined &&
    headers['flagwire-client'] === undefined;
  if (!isPlain) return null;
  // No header and no address has a line break in it; an empty credential counts as none.
  const text = `${url}\n${headers.authorization ?? ''}\n${String(headers['x-api-key'] ?? '')}`;
  return text.length <= LONGEST ? text : null;
}

/** Whether the address asks for everything there is, whoever asks. */
export function asksForAll(url: string): boolean {
  const { pathname, searchParams } = new URL(url, 'http://flagwire');
  return pathname === PATH && [...searchParams.keys()].every((name) => WHO.has(name));
}
