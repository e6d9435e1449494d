import { type HttpAnswer } from './http-request.js';
import { type Line, LINES, type Transport } from './lines.js';
import { type DeltaBody, type PollBody } from './poll-client.js';
import { type AppliedSet, SyncChecker } from './sync-checker.js';
import { type FlagDefinition, type Message, parseMessage } from './wire-types.js';

/** What a visitor takes along from one visit to the next. */
export interface Memory {
  cursor: string;
  /** The filter of the cursor and the state; undefined: all flags. */
  flags: readonly string[] | undefined;
  state: ReadonlyMap<string, FlagDefinition>;
}

/** What a visitor saw, as it saw it; nothing of it is kept by the visitor. */
export interface Witness {
  onSet(set: AppliedSet): void;
  /** A sync is through, or a poll brought everything. @param isFull what was held before it has been dropped. */
  onSync(isFull: boolean, memory: Memory): void;
}

export interface VisitOptions {
  url: string;
  key: string;
  flags: readonly string[] | undefined;
  memory: Memory | undefined;
  transport: Transport;
  /** How long a poll waits, in seconds; default 20. */
  waitS?: number;
  witness?: Witness;
  /** For tests that restore an old database. */
  mayGoBack?: boolean;
  /** Where it is given, a connection may end, and a poll may be refused or break: it is told, once. Else both are violations. */
  onEnd?: () => void;
  /** The server is there: bytes came, whatever they mean. */
  onSign?: () => void;
}

/** One connection that checks every message, and keeps none. */
export class Visitor {
  readonly checker: SyncChecker;
  received = 0;
  /** `Subscribe` requests that were answered, and those that came too often. */
  readonly subscribed = { done: 0, refused: 0 };
  private wanted: readonly string[] | undefined;
  private readonly asked = new Map<string, readonly string[] | undefined>();
  private readonly line: Line;
  private hasLeft = false;
  private seen = { syncs: 0, fulls: 0 };
  /** A poll was told that what it has is what there is. */
  private isConfirmed = false;
  private settled: Memory;

  constructor(readonly options: VisitOptions) {
    const { flags, memory, transport } = options;
    this.wanted = flags;
    this.settled = memory ?? { cursor: 'none', flags, state: new Map() };
    const held = memory && { cursor: memory.cursor, state: memory.state };
    const { mayGoBack = false, onSign, onEnd } = options;
    this.checker = new SyncChecker({ ...held, ...(flags !== undefined && { flags }), mayGoBack });
    this.line = LINES[transport](
      { waitS: 20, ...options, cursor: memory?.cursor },
      {
        onMessage: (text, id) => this.receive(text, id),
        onAnswer: (answer) => this.take(answer),
        onSign: () => onSign?.(),
        onEnd: () => this.hasLeft || onEnd?.(),
      },
    );
  }

  /** What it has, and would come back with. */
  get memory(): Memory {
    return this.settled;
  }

  /** Whether it waits for the answer to a `Subscribe`. */
  get isAsking(): boolean {
    return this.asked.size > 0;
  }

  /** Whether a sync has been completed since it came, or was not needed. */
  get isIn(): boolean {
    return this.isConfirmed || this.seen.syncs > 0;
  }

  /** Replaces the filter while connected. @returns false where the transport, or the moment, does not allow it. */
  subscribe(flags: readonly string[] | undefined): boolean {
    if (this.line.send === undefined || !this.isIn || this.isAsking) return false;
    const request_id = `subscribe-${this.subscribed.done + this.subscribed.refused}`;
    this.asked.set(request_id, flags);
    this.line.send('Subscribe', { ...(flags && { flags }), request_id });
    return true;
  }

  /** Stops to read, and reads again. */
  stall(isStalled: boolean): void {
    this.line.stall?.(isStalled);
  }

  /** @param abruptly without a word to the server. */
  end(abruptly: boolean): Memory {
    this.hasLeft = true;
    this.line.leave(abruptly);
    return this.settled;
  }

  private receive(text: string, id?: string): void {
    if (this.hasLeft) return;
    this.received += 1;
    const message = this.parse(text, id);
    if (message === null) return;
    const { request_id = '' } = message;
    if (this.asked.has(request_id)) {
      const flags = this.asked.get(request_id);
      this.asked.delete(request_id);
      if (message.type === 'Error') this.subscribed.refused += 1;
      else this.change(flags);
    }
    this.checker.receive(message);
    this.report();
  }

  private parse(text: string, id?: string): Message | null {
    try {
      return parseMessage(text, id);
    } catch (error) {
      this.checker.violations.push(String(error));
      return null;
    }
  }

  /** The answer to a `Subscribe` begins. */
  private change(flags: readonly string[] | undefined): void {
    this.subscribed.done += 1;
    this.wanted = flags;
    this.checker.subscribed(flags);
  }

  private take(answer: HttpAnswer | null): string | null {
    this.received += 1;
    const { onEnd, onSign } = this.options;
    onSign?.();
    if (answer === null || ![200, 304].includes(answer.status)) {
      if (onEnd !== undefined) return (onEnd(), null);
      this.checker.violations.push(`a poll was answered ${answer?.status ?? 'not at all'}`);
      return null;
    }
    if (answer.status === 304) {
      this.isConfirmed = true;
      return this.checker.cursor;
    }
    const body = answer.json() as DeltaBody | PollBody;
    if ('events' in body) this.checker.receiveDelta(body);
    else this.checker.receiveAll(body);
    this.report();
    return this.checker.cursor;
  }

  /** Hands over what was applied: what is not asked for later would be a leak of an hour. */
  private report(): void {
    const { witness } = this.options;
    const { applied, syncs, fulls, cursor, state } = this.checker;
    for (const set of applied) witness?.onSet(set);
    applied.length = 0;
    const isFull = fulls > this.seen.fulls;
    const isSynced = syncs > this.seen.syncs;
    this.seen = { syncs, fulls };
    if (!this.checker.isFollowing) return;
    this.settled = { cursor, flags: this.wanted, state };
    if (isSynced) witness?.onSync(isFull, this.settled);
  }
}
