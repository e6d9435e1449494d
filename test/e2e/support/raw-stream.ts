import { parseCursor, reaches } from '../../support/cursor.js';
import { type RawHead, type RawHttp, type RequestParts } from '../../support/raw-http.js';
import { SseParser } from '../../support/sse-parser.js';
import { SyncChecker } from '../../support/sync-checker.js';
import { type FlagDefinition, type Message, parseMessage } from '../../support/wire-types.js';

const FIELDS = ['id', 'data', 'retry'];
const WAIT_MS = 30_000;

/**
 * An event stream as a body of `RawHttp`, read only while somebody waits for something in it. Whatever does not belong into
 * the text of the stream, such as the size of a chunk, is a fault.
 */
export class RawStream {
  readonly checker: SyncChecker;
  readonly messages: Message[] = [];
  readonly faults: string[] = [];
  head: RawHead | undefined;
  #parser: SseParser;

  constructor(
    readonly client: RawHttp,
    options: { cursor?: string; state?: ReadonlyMap<string, FlagDefinition> } = {},
  ) {
    this.checker = new SyncChecker(options);
    this.#parser = new SseParser(({ fields, data, lastEventId }) => {
      const foreign = fields.filter(([name]) => !FIELDS.includes(name));
      if (foreign.length > 0) this.faults.push(`not of an event stream: ${JSON.stringify(foreign).slice(0, 200)}`);
      if (data === null) return;
      const message = parseMessage(data, lastEventId);
      this.messages.push(message);
      this.checker.receive(message);
    });
  }

  /** Sends the request and reads the head of the answer. */
  async open(parts: RequestParts): Promise<RawHead> {
    await this.client.request({ ...parts, headers: { Accept: 'text/event-stream', ...parts.headers } });
    return this.readHead();
  }

  async readHead(): Promise<RawHead> {
    this.head = await this.client.readHead('GET', WAIT_MS);
    return this.head;
  }

  /** Reads on until `done`. @throws Error where the stream ends before, or nothing comes for `ms`. */
  async readUntil(done: () => boolean, ms = WAIT_MS): Promise<void> {
    while (!done()) {
      const piece = await this.client.nextPiece(ms);
      if (piece === null) throw new Error(`the stream ended: ${this.messages.map(({ type }) => type).join(' ')}`);
      this.#parser.push(piece);
    }
  }

  sync(ms = WAIT_MS): Promise<void> {
    return this.readUntil(() => this.checker.syncs > 0, ms);
  }

  reach(cursor: string, ms = WAIT_MS): Promise<void> {
    return this.readUntil(() => reaches(this.checker.cursor, cursor), ms);
  }

  /** Reads up to the end of the body and gives the last message. */
  async readToEnd(ms = WAIT_MS): Promise<Message | undefined> {
    let piece: Buffer | null;
    while ((piece = await this.client.nextPiece(ms)) !== null) this.#parser.push(piece);
    return this.messages.at(-1);
  }

  /** @throws Error that lists every breach of the protocol so far. */
  assertInOrder(): void {
    const faults = [...this.faults, ...this.checker.violations];
    if (faults.length > 0) throw new Error(`the stream broke the protocol:\n- ${faults.join('\n- ')}`);
  }

  /** The revisions of the change sets that came outside of full syncs. */
  get revisions(): number[] {
    return this.checker.applied.map(({ cursor }) => parseCursor(cursor)?.revision ?? -1);
  }
}
