import { type HttpAnswer } from './http-request.js';
import { type Line, LINES, type Transport } from './lines.js';
import { type DeltaBody, type PollBody } from './poll-client.js';
import { type AppliedSet, SyncChecker } from './sync-checker.js';
import { type FlagDefinition, parseMessage } from './wire-types.js';

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
    this.checker = new SyncChecker({ ...held, ...(flags !== undefined && { flags }) });
    this.line = LINES[transport](
      { waitS: 20, ...options, cursor: memory?.cursor },
      {
        onMessage: (text, id) => this.receive(text, id),
        onAnswer: (answer) => this.take(answer),
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

  /** @param abruptly without a word to the server. */
  end(abruptly: boolean): Memory {
    this.hasLeft = true;
    this.line.leave(abruptly);
    return this.settled;
  }

  private receive(text: string, id?: string): void {
    if (this.hasLeft) return;
    this.received += 1;
    const message = parseMessage(text, id);
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

  /** The answer to a `Subscribe` begins. */
  private change(flags: readonly string[] | undefined): void {
    this.subscribed.done += 1;
    this.wanted = flags;
    this.checker.subscribed(flags);
  }

  private take(answer: HttpAnswer | null): string | null {
    this.received += 1;
    if (answer === null || ![200, 304].includes(answer.status)) {
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
