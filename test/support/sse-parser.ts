/** One block of an event stream: what stood between two blank lines. */
export interface SseBlock {
  /** Every field in order as name and value, unknown ones too; comments are not fields. */
  fields: [name: string, value: string][];
  comments: string[];
  /** The value of `id`, where the block has a valid one; may be empty, which resets the last event id. */
  id: string | undefined;
  /** The last event id once this block has been read. */
  lastEventId: string;
  /** `message` unless the block names another. */
  event: string;
  /** Null: a block without a data line, which dispatches no event. */
  data: string | null;
  /** Milliseconds. */
  retry: number | undefined;
}

function emptyBlock(lastEventId: string): SseBlock {
  return { fields: [], comments: [], id: undefined, lastEventId, event: 'message', data: null, retry: undefined };
}

/**
 * Event streams to the letter of https://html.spec.whatwg.org/multipage/server-sent-events.html#parsing-an-event-stream,
 * except that blocks without data are given too: the tests look at them. A block that the end of the stream cuts off
 * is never given.
 */
export class SseParser {
  #decoder = new TextDecoder('utf-8'); // takes one leading byte order mark away, as the standard does
  #rest = '';
  #endedInCr = false;
  #block = emptyBlock('');
  #touched = false;

  constructor(private readonly onBlock: (block: SseBlock) => void) {}

  push(bytes: Uint8Array): void {
    let text = this.#decoder.decode(bytes, { stream: true });
    if (text === '') return;
    // A CR ends the line at once; an LF that comes next belongs to it, also in the next chunk.
    if (this.#endedInCr && text.startsWith('\n')) text = text.slice(1);
    this.#endedInCr = text === '' ? false : text.endsWith('\r');
    const lines = (this.#rest + text).split(/\r\n|\r|\n/);
    this.#rest = lines.pop() ?? '';
    for (const line of lines) this.#line(line);
  }

  #line(line: string): void {
    if (line === '') return this.#dispatch();
    this.#touched = true;
    const colon = line.indexOf(':');
    if (colon === 0) {
      this.#block.comments.push(line.slice(1));
      return;
    }
    const name = colon === -1 ? line : line.slice(0, colon);
    const value = colon === -1 ? '' : line.slice(colon + 1).replace(/^ /, '');
    this.#block.fields.push([name, value]);
    this.#field(name, value);
  }

  #field(name: string, value: string): void {
    const block = this.#block;
    if (name === 'data') block.data = block.data === null ? value : `${block.data}\n${value}`;
    else if (name === 'event') block.event = value === '' ? 'message' : value;
    else if (name === 'retry' && /^[0-9]+$/.test(value)) block.retry = Number(value);
    else if (name === 'id' && !value.includes('\0')) {
      block.id = value;
      block.lastEventId = value;
    }
  }

  #dispatch(): void {
    if (!this.#touched) return; // blank lines between blocks
    const block = this.#block;
    this.#block = emptyBlock(block.lastEventId);
    this.#touched = false;
    this.onBlock(block);
  }
}
