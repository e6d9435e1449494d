import { isObject, NO_CURSOR } from '@flagwire/protocol/sync';
import { type Fetch, globals } from '../platform.js';
import { type Answer } from '../sync/messages.js';
import { parseMessage } from '../sync/parse-message.js';
import { exchange, textOf, type Use } from './exchange.js';
import { type Failure, failure } from './failure.js';
import { addressOf, headersOf, MAX_BODY, type Site, type Transport } from './transport.js';

/** Below the half minute after which the proxies of the world give up. In seconds. */
const WAIT_S = 25;

type Read = (body: Record<string, unknown>, asked: string) => Answer | null;

/** `GET /sdk/poll` with the tag of what is held: 304, or every flag. It takes keys only. */
export function poll(site: Site, fetch: Fetch = globals.fetch): Transport {
  return {
    name: 'poll',
    kind: 'poll',
    answers_within_ms: 10_000,
    interval_ms: 30_000,
    open: ({ credential, cursor }, listener) => {
      const headers = headersOf(credential);
      // The tag wraps the cursor (protocol section 1), so that one is kept and not two.
      const tag = cursor === NO_CURSOR ? {} : { 'If-None-Match': `W/"${cursor}"` };
      return exchange(fetch, addressOf(site, 'poll'), { ...headers, ...tag }, reading(cursor, readAll), listener);
    },
  };
}

/** `GET /sdk/poll?since=&wait=`: answered as soon as there is something after the cursor. It takes keys only. */
export function longPoll(site: Site, fetch: Fetch = globals.fetch): Transport {
  return {
    name: 'long-poll',
    kind: 'poll',
    answers_within_ms: (WAIT_S + 10) * 1000,
    interval_ms: 0,
    open: ({ credential, cursor }, listener) => {
      const url = addressOf(site, 'poll', { since: cursor, wait: String(WAIT_S) });
      return exchange(fetch, url, headersOf(credential), reading(cursor, readEvents), listener);
    },
  };
}

function reading(asked: string, read: Read): Use {
  return async (response, tell): Promise<Failure | null> => {
    if (response.status === 304) {
      tell({ type: 'Unchanged', asked });
      return null;
    }
    const text = await textOf(response, MAX_BODY, () => tell({ type: 'Heard' }));
    if (text === null) return failure('message_too_large', `an answer is longer than ${MAX_BODY} characters`);
    const answer = parseAnswer(text, asked, read);
    if (answer === null) return failure('malformed_answer', 'the answer of a poll cannot be read', { status: response.status });
    tell({ type: 'Answered', answer });
    return null;
  };
}

function parseAnswer(text: string, asked: string, read: Read): Answer | null {
  try {
    const body: unknown = JSON.parse(text);
    return isObject(body) ? read(body, asked) : null;
  } catch {
    return null;
  }
}

const readAll: Read = ({ flags, cursor }, asked) => {
  if (!Array.isArray(flags) || typeof cursor !== 'string') return null;
  const events = flags.map((data: unknown) => parseMessage({ type: 'FlagUpdated', data, id: cursor }));
  return { asked, mode: 'full', events, cursor };
};

const readEvents: Read = ({ mode, events, cursor }, asked) => {
  if (!Array.isArray(events) || typeof cursor !== 'string' || (mode !== 'delta' && mode !== 'full')) return null;
  return { asked, mode, events: events.map((event: unknown) => parseMessage(event)), cursor };
};
