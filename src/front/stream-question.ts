import { type IncomingMessage } from 'node:http';
import { asksOnly, isPlain, questionText } from './plain-request.js';

const PATH = '/sdk/stream';
/** Parameters of which all that they have to say is in the address: `env` names what may be renamed. */
const KNOWN = new Set(['key', 'flags', 'client', 'last_event_id']);

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
