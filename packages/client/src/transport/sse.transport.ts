import { type Fetch, globals } from '../platform.js';
import { parseMessage } from '../sync/parse-message.js';
import { exchange } from './exchange.js';
import { type Failure, failure } from './failure.js';
import { piecesOf } from './pieces.js';
import { SseReader } from './sse-reader.js';
import { SSE } from './traits.js';
import { addressOf, headersOf, MAX_MESSAGE, type Site, streamQuery, type Transport } from './transport.js';

/** `GET /sdk/stream` over `fetch`: the key goes in a header, where no log keeps it. */
export function sse(site: Site, fetch: Fetch = globals.fetch): Transport {
  return {
    ...SSE,
    open: (request, listener) => {
      const url = addressOf(site, 'stream', streamQuery(request));
      const headers = { Accept: 'text/event-stream', ...headersOf(request.credential) };
      const stream = exchange(
        fetch,
        url,
        headers,
        async (response, tell) => {
          if (response.status !== 200 || !/^text\/event-stream *(;|$)/i.test(response.headers.get('content-type') ?? '')) {
            return (await import('./refusal.js')).notAStream(response);
          }
          tell({ type: 'Opened' });
          let ended: Failure | null = null;
          const reader = new SseReader(
            {
              // Events of another name are for other listeners than a stream's own.
              onEvent: ({ event, data, id }) => {
                const message = parseMessage(data, id === '' ? undefined : id);
                if (event === 'message') tell({ type: 'Received', message, size: data.length });
              },
              onRetry: (after_ms) => tell({ type: 'Retry', after_ms }),
              onTooLarge: () => {
                ended = failure('message_too_large', 'a message is too large');
              },
            },
            MAX_MESSAGE,
          );
          for await (const piece of piecesOf(response)) {
            tell({ type: 'Heard' });
            reader.push(piece);
            if (ended !== null) return ended;
          }
          return failure('connection_ended', 'the server ended the stream');
        },
        listener,
      );
      return {
        ...stream,
        acknowledge: async (receipt, signal) =>
          (await import('../receipts/post-receipt.js')).postReceipt(fetch, site, request.credential, receipt, signal),
      };
    },
  };
}
