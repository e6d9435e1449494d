import { type EndReason, type Outlet } from './outlet.js';
import { type ChunkFrame, SSE } from './sse-form.js';

/** One block of an event stream. */
export interface Block {
  id: string | null;
  retry: number | null;
  isPing: boolean;
  /** Null: the block has no data. */
  message: Message | null;
}

export interface Message {
  type: string;
  data: Record<string, unknown>;
  more?: true;
}

/** A connection whose other end reads when the test says so. */
export class FakeOutlet implements Outlet {
  readonly form = SSE;
  heardAt: number | null = null;
  readonly frames: ChunkFrame[] = [];
  endReason: EndReason | null = null;
  unsent = 0;
  sent = 0;
  progress: number | null = 0;
  isEnded = false;
  isDestroyed = false;
  /** The other end does not read: what is sent stays unsent until `drain`. */
  isSlow = false;
  /** Slow, but the connection says it wants a pause only from this many bytes on. */
  highWater = 1;
  throws = false;
  private waiting: (() => void)[] = [];

  get needsDrain(): boolean {
    return this.unsent >= this.highWater;
  }

  /** Who waits for the connection to drain. */
  get waiters(): number {
    return this.waiting.length;
  }

  send(frame: ChunkFrame): void {
    if (this.throws) throw new Error('The connection is broken');
    if (this.isEnded || this.isDestroyed) throw new Error('Written to after its end');
    this.frames.push(frame);
    this.sent += frame.payload.length;
    if (this.isSlow) this.unsent += frame.payload.length;
    else this.progress = (this.progress ?? 0) + frame.payload.length;
  }

  gather(send: () => void): void {
    send();
  }

  onceDrained(callback: () => void): void {
    if (!this.needsDrain) throw new Error('Asked for a drain that will never come');
    this.waiting.push(callback);
  }

  /** The other end reads what there is; it stays as slow as it is. */
  drain(): void {
    this.progress = (this.progress ?? 0) + this.unsent;
    this.unsent = 0;
    for (const callback of this.waiting.splice(0)) callback();
  }

  /** Reads until nothing waits any more. @returns how often it had to. */
  drainAll(): number {
    let rounds = 0;
    for (; this.waiting.length > 0; rounds++) {
      if (rounds > 10_000) throw new Error('It never ends');
      this.drain();
    }
    return rounds;
  }

  end(reason: EndReason): void {
    this.isEnded = true;
    this.endReason = reason;
  }

  destroy(): void {
    this.isDestroyed = true;
  }

  get text(): string {
    return Buffer.concat(this.frames.map(({ payload }) => payload)).toString();
  }

  /** What arrived, whole blocks only. */
  get blocks(): Block[] {
    return this.text.split('\n\n').slice(0, -1).map(parseBlock);
  }

  /** The messages that arrived, as `<id> <type>`, with a `+` where the set goes on. */
  get summary(): string[] {
    return this.blocks.flatMap(({ id, message }) =>
      message === null ? [] : [`${id} ${message.type}${message.more ? ' +' : ''}`],
    );
  }

  get messages(): (Message & { id: string | null })[] {
    return this.blocks.flatMap(({ id, message }) => (message === null ? [] : [{ ...message, id }]));
  }

  /** Forgets what arrived so far. */
  clear(): void {
    this.frames.length = 0;
  }
}

function parseBlock(text: string): Block {
  const block: Block = { id: null, retry: null, isPing: false, message: null };
  for (const line of text.split('\n')) {
    const [, field = '', value = ''] = /^([a-z]*): (.*)$/.exec(line) ?? [];
    if (field === 'id') block.id = value;
    else if (field === 'retry') block.retry = Number(value);
    else if (field === 'data') block.message = JSON.parse(value) as Message;
    else if (line === ': ping') block.isPing = true;
    else throw new Error(`Not a line of an event stream: ${JSON.stringify(line)}`);
  }
  return block;
}
