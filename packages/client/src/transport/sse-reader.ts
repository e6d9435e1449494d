import { createParser, type EventSourceParser } from 'eventsource-parser';
import { globals } from '../platform.js';

export interface SseEvent {
  /** `message` unless the stream names another. */
  readonly event: string;
  readonly data: string;
  /** The last event id at this event; empty: none, or reset. */
  readonly id: string;
}

export interface SseListener {
  onEvent(event: SseEvent): unknown;
  /** Milliseconds. */
  onRetry(after_ms: number): void;
  /** More than `limit` characters were held. Nothing is read after it. */
  onTooLarge(): void;
}

/**
 * Reads an event stream to the letter of https://html.spec.whatwg.org/multipage/server-sent-events.html#event-stream-interpretation.
 *
 * `eventsource-parser` does, but for two things. A CR ends a line at once in the standard; the parser waits for what follows it, so
 * that an event stays behind where nothing does. And an id counts in the standard also where its block has no data; the parser
 * tells of blocks with data only. So each line end is made an LF, and each block is given one more line, `data` without a value:
 * then every block is told, and the text of one that had data ends in the LF that the standard takes away.
 */
export class SseReader {
  readonly #decoder = new globals.TextDecoder();
  readonly #parser: EventSourceParser;
  #lastId = '';
  #afterCr = false;
  #atLineStart = true;
  #stopped = false;

  /** @param limit of what is held of an event that is not whole, in characters. */
  constructor(listener: SseListener, limit: number) {
    this.#parser = createParser({
      maxBufferSize: limit,
      onEvent: ({ id, event = 'message', data }) => {
        if (id !== undefined) this.#lastId = id;
        if (data !== '') this.#tell(() => listener.onEvent({ event, data: data.slice(0, -1), id: this.#lastId }));
      },
      onRetry: (ms) => this.#tell(() => listener.onRetry(ms)),
      onError: ({ type }) => {
        if (type === 'max-buffer-size-exceeded') this.#tell(() => listener.onTooLarge(), true);
      },
    });
    // It takes the three characters "ï»¿" at the beginning for a byte order mark; the decoder has taken the real one away.
    this.#parser.feed('');
  }

  push(bytes: Uint8Array): void {
    let text = this.#decoder.decode(bytes, { stream: true });
    if (text === '' || this.#stopped) return;
    if (this.#afterCr && text.startsWith('\n')) text = text.slice(1);
    this.#afterCr = text === '' ? false : text.endsWith('\r');
    text = text.replace(/\r\n?/g, '\n');
    if (text === '') return;
    const startsLine = this.#atLineStart;
    this.#atLineStart = text.endsWith('\n');
    // One LF before the text stands for the end of the line before it, and is taken away again.
    const blocks = `${startsLine ? '\n' : ''}${text}`.replace(/(?<=\n)\n/g, 'data\n\n');
    this.#parser.feed(startsLine ? blocks.slice(1) : blocks);
  }

  #tell(call: () => void, last = false): void {
    if (!this.#stopped) call();
    this.#stopped ||= last;
  }
}
