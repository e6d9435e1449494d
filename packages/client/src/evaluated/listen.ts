import { isObject } from '@flagwire/protocol/sync';
import { type Tell } from '../transport/exchange.js';
import { eventStream, type StreamEvent } from '../transport/event-stream.js';
import { type Connection } from '../transport/transport.js';
import { type Door } from './ask.js';

/** What a stream of notices tells, beside that it was opened and heard of, and when it ends. */
export type Notice =
  | { type: 'Noticed'; etag: string }
  /** The server asks to go; null: not to come back by itself, soon. */
  | { type: 'Left'; reason: string; retry_after_ms: number | null }
  /** Of a type that means nothing here. */
  | { type: 'Other' };

/**
 * The event stream that a bulk answer names; the address holds a token in place of the key.
 * @param last_id what has been seen: of what came after it there is one notice.
 */
export function listen(
  { url, fetch }: Pick<Door, 'url' | 'fetch'>,
  address: string,
  last_id: string | null,
  listener: Tell<Notice | StreamEvent>,
): Connection {
  const [origin = ''] = /^https?:\/\/[^/]+/.exec(url) ?? [];
  const headers: Record<string, string> = last_id === null ? {} : { 'Last-Event-ID': last_id };
  return eventStream<Notice>(fetch, `${origin}${address}`, headers, ({ data }) => noticeIn(data), listener);
}

function noticeIn(text: string): Notice {
  try {
    const message: unknown = JSON.parse(text);
    if (!isObject(message)) return { type: 'Other' };
    const { type, etag, data } = message;
    if (type === 'refetchEvaluation') return { type: 'Noticed', etag: typeof etag === 'string' ? etag : '' };
    if (type !== 'Goodbye' || !isObject(data)) return { type: 'Other' };
    const { reason, retry_after_ms } = data;
    return { type: 'Left', reason: String(reason), retry_after_ms: typeof retry_after_ms === 'number' ? retry_after_ms : null };
  } catch {
    return { type: 'Other' };
  }
}
