import { type Fetch, globals } from '../platform.js';
import { postReceipt } from '../receipts/post-receipt.js';
import { parseMessage } from '../sync/parse-message.js';
import { type Failure, failure } from './failure.js';
import { STREAM } from './traits.js';
import { addressOf, MAX_MESSAGE, type Site, streamQuery, type Transport } from './transport.js';

export interface EventSourceLike {
  onopen: ((event: never) => void) | null;
  onmessage: ((event: never) => void) | null;
  onerror: ((event: never) => void) | null;
  close(): void;
}

/**
 * `GET /sdk/stream` by an EventSource, which sends no headers: with a ticket, never with a key in an address. It tells neither
 * statuses nor comments nor `retry:`, and its own way to come back, with its first address and at a fixed pace, is not used: it is
 * closed at its first error. What is applied is acknowledged beside it, by `fetch`.
 */
export function eventSource(
  site: Site,
  EventSource: new (url: string) => EventSourceLike,
  fetch: Fetch = globals.fetch,
): Transport {
  return {
    name: 'event-source',
    ...STREAM,
    open: (request, listener) => {
      const query = streamQuery(request);
      if (query.ticket === null) throw new TypeError('an EventSource needs a ticket: a key must not stand in an address');
      const source = new EventSource(addressOf(site, 'stream', query));
      let opened = false;
      const close = (): void => {
        source.onopen = source.onmessage = source.onerror = null;
        source.close();
      };
      const end = (ended: Failure): void => {
        close();
        listener({ type: 'Ended', failure: ended });
      };
      source.onopen = () => {
        opened = true;
        listener({ type: 'Opened' });
      };
      source.onmessage = ({ data, lastEventId }: { data: string; lastEventId: string }) => {
        if (data.length > MAX_MESSAGE) return end(failure('message_too_large', 'a message is too large'));
        listener({ type: 'Heard' });
        const message = parseMessage(data, lastEventId === '' ? undefined : lastEventId);
        listener({ type: 'Received', message, size: data.length });
      };
      source.onerror = () =>
        end(opened ? failure('connection_lost', 'the stream ended') : failure('connection_failed', 'the stream did not open'));
      return {
        close,
        acknowledge: (receipt, signal) => postReceipt(fetch, site, request.credential, receipt, signal),
      };
    },
  };
}
