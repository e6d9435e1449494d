import { isObject, NO_CURSOR } from '@flagwire/protocol/sync';
import { type Fetch, globals } from '../platform.js';
import { type Answer } from '../sync/messages.js';
import { parseMessage } from '../sync/parse-message.js';
import { textOf } from './body.js';
import { exchange, type Use } from './exchange.js';
import { type Failure, failure } from './failure.js';
import { LONG_POLL, LONG_POLL_WAIT_S, POLL } from './traits.js';
import { addressOf, headersOf, MAX_BODY, type Site, type Transport, type TransportEvent } from './transport.js';

/** By which the server tells those apart that poll with one key: what a poll presents is then a receipt (protocol, section 12). */
const instances = new WeakMap<Site, string>();

function instanceOf(site: Site): string {
  const instance = instances.get(site) ?? Math.random().toString(36).slice(2).padEnd(1, '0');
  instances.set(site, instance);
  return instance;
}

type Read = (body: Record<string, unknown>, asked: string) => Answer | null;

/** `GET /sdk/poll` with the tag of what is held: 304, or every flag. It takes keys only. */
export function poll(site: Site, fetch: Fetch = globals.fetch): Transport {
  return {
    ...POLL,
    open: ({ credential, cursor }, listener) => {
      const url = addressOf(site, 'poll', { instance: instanceOf(site) });
      const headers = headersOf(credential);
      // The tag wraps the cursor (protocol section 1), so that one is kept and not two.
      const tag = cursor === NO_CURSOR ? {} : { 'If-None-Match': `W/"${cursor}"` };
      return exchange<TransportEvent>(fetch, url, { ...headers, ...tag }, reading(cursor, readAll), listener);
    },
  };
}

/** `GET /sdk/poll?since=&wait=`: answered as soon as there is something after the cursor; at once, where it is not known whether there is. It takes keys only. */
export function longPoll(site: Site, fetch: Fetch = globals.fetch): Transport {
  return {
    ...LONG_POLL,
    open: ({ credential, cursor, wait }, listener) => {
      const url = addressOf(site, 'poll', {
        since: cursor,
        wait: wait ? String(LONG_POLL_WAIT_S) : null,
        instance: instanceOf(site),
      });
      return exchange<TransportEvent>(fetch, url, headersOf(credential), reading(cursor, readEvents), listener);
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
