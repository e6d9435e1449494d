import { type IncomingMessage } from 'node:http';
import { asksOnly, isPlain, questionText } from './plain-request.js';

const PATH = '/sdk/poll';
/** Parameters that say who asks, and nothing of what. */
const WHO = new Set(['key', 'instance', 'client']);

/**
 * All of a request that its answer depends on, apart from `If-None-Match`, `Accept-Encoding` and `X-Request-Id`, as one text; null: it
 * may depend on more, so that only the routes can tell.
 */
export function questionOf(request: IncomingMessage): string | null {
  const { method, url = '', headers } = request;
  if (method !== 'GET' || !url.startsWith(PATH) || !isPlain(request)) return null;
  const isWhole = headers['if-modified-since'] === undefined && headers['flagwire-client'] === undefined;
  return isWhole ? questionText(request) : null;
}

/** Whether the address asks for everything there is, whoever asks. */
export function asksForAll(url: string): boolean {
  return asksOnly(url, PATH, WHO);
}
