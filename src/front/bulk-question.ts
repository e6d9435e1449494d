import { type IncomingMessage } from 'node:http';

const PATH = '/ofrep/v1/evaluate/flags';
const JSON_TYPE = /^application\/json(?:; ?charset=utf-8)?$/i;
const LENGTH = /^[1-9]\d{0,4}$/;
/** Bytes. Contexts are smaller; what is kept of a body that comes slowly is no more. */
const LONGEST_BODY = 16 * 1024;
/** Of both credentials: longer ones are none. */
const LONGEST_WHO = 1024;

/** Whose flags are to be evaluated, and how much there is to read until it is known for what context. */
export interface BulkQuestion {
  /** Everything that says who asks, as it was sent. */
  readonly who: string;
  /** Of the body, in bytes. */
  readonly length: number;
}

/**
 * A bulk request of which nothing matters but who asks, the body, `If-None-Match` and `X-Request-Id`; null: more may matter, so that
 * only the routes can tell. A query says what notice it follows.
 */
export function bulkQuestionOf({ method, url, httpVersion, headers }: IncomingMessage): BulkQuestion | null {
  if (method !== 'POST' || url !== PATH || httpVersion !== '1.1') return null;
  const isPlain =
    headers.host !== undefined &&
    headers.origin === undefined &&
    headers.expect === undefined &&
    headers['transfer-encoding'] === undefined &&
    headers['content-encoding'] === undefined &&
    JSON_TYPE.test(headers['content-type'] ?? '') &&
    LENGTH.test(headers['content-length'] ?? '');
  const length = Number(headers['content-length']);
  if (!isPlain || length > LONGEST_BODY) return null;
  // No header has a line break in it; an empty credential counts as none.
  const who = `${headers.authorization ?? ''}\n${String(headers['x-api-key'] ?? '')}`;
  return who.length <= LONGEST_WHO ? { who, length } : null;
}
