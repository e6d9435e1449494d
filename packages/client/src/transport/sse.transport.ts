import { type Fetch, globals } from '../platform.js';
import { parseMessage } from '../sync/parse-message.js';
import { eventStream } from './event-stream.js';
import { SSE } from './traits.js';
import { addressOf, headersOf, type Site, streamQuery, type Transport, type TransportEvent } from './transport.js';

/** `GET /sdk/stream` over `fetch`: the key goes in a header, where no log keeps it. */
export function sse(site: Site, fetch: Fetch = globals.fetch): Transport {
  return {
    ...SSE,
    open: (request, listener) => ({
      ...eventStream<TransportEvent>(
        fetch,
        addressOf(site, 'stream', streamQuery(request)),
        headersOf(request.credential),
        ({ data, id }) => ({ type: 'Received', message: parseMessage(data, id === '' ? undefined : id), size: data.length }),
        listener,
      ),
      acknowledge: async (receipt, signal) =>
        (await import('../receipts/post-receipt.js')).postReceipt(fetch, site, request.credential, receipt, signal),
    }),
  };
}
