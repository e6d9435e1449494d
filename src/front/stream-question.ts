import { type IncomingMessage } from 'node:http';
import { asksOnly, isPlain, questionText } from './plain-request.js';

const PATH = '/sdk/stream';
/**
 * Parameters that are the same each time. `env` is looked up, and a ticket expires; a cursor in the address, `last_event_id`, would make a question of its own of each
 * stream.
 */
const KNOWN = new Set(['key', 'flags', 'client']);

/**
 * All of a request that says whether a stream is granted, and of what, as one text; null: more may matter, so that only the routes can
 * tell. `Last-Event-ID`, `Flagwire-Client` and `X-Request-Id` have no say in it.
 */
export function streamQuestionOf(request: IncomingMessage): string | null {
  const isStream = request.method === 'GET' && request.url?.startsWith(PATH) === true;
  return isStream && isPlain(request) ? questionText(request) : null;
}

/** @param url of a stream that was granted. */
export function asksOnlyWhatIsKnown(url: string): boolean {
  return asksOnly(url, PATH, KNOWN);
}
