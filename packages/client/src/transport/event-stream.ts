import { type Fetch, type FetchResponse } from '../platform.js';
import { exchange, type Tell } from './exchange.js';
import { type Failure, failure } from './failure.js';
import { piecesOf } from './pieces.js';
import { type SseEvent, SseReader } from './sse-reader.js';
import { type Connection, MAX_MESSAGE, type TransportEvent } from './transport.js';

/** What is told of an event stream, whatever its events mean. */
export type StreamEvent = Extract<TransportEvent, { type: 'Opened' | 'Heard' | 'Retry' | 'Ended' }>;

/** An event stream over `fetch`. `read` is given each of its messages; events of another name are for other listeners. */
export function eventStream<E>(
  fetch: Fetch,
  url: string,
  headers: Record<string, string>,
  read: (event: SseEvent) => E,
  listener: Tell<E | StreamEvent>,
): Connection {
  const use = async (response: FetchResponse, tell: Tell<E | StreamEvent>): Promise<Failure> => {
    if (response.status !== 200 || !/^text\/event-stream *(;|$)/i.test(response.headers.get('content-type') ?? '')) {
      return (await import('./refusal.js')).notAStream(response);
    }
    tell({ type: 'Opened' });
    let ended: Failure | null = null;
    const reader = new SseReader(
      {
        onEvent: (event) => event.event === 'message' && tell(read(event)),
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
  };
  return exchange<E | StreamEvent>(fetch, url, { Accept: 'text/event-stream', ...headers }, use, listener);
}
