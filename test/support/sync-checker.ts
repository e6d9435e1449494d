import { filterHash, parseCursor } from './cursor.js';
import { shapeFault } from './wire-shape.js';
import { flagOf, isFlagEvent, versionOf } from './wire-types.js';
import { type Envelope, type FlagDefinition, type FlagEvent, type Message, type PolledEvent } from './wire-types.js';

/** A change set as this connection got it. */
export interface AppliedSet {
  /** The cursor after the set. */
  cursor: string;
  events: FlagEvent[];
}

export interface CheckerOptions {
  /** What was presented at the start; default `none`. */
  cursor?: string;
  /** The flags held at that cursor. Without it, a delta's effect on flags that were never seen is not checked. */
  state?: ReadonlyMap<string, FlagDefinition>;
  flags?: readonly string[];
  /** For tests that restore an old database: only then may a full sync be older than what was presented. */
  mayGoBack?: boolean;
}

type Phase = 'start' | 'full' | 'delta' | 'live';

/**
 * A client to the letter of protocol section 2, for any transport: hand it every message in order. It keeps the state
 * that a client must have, and writes down each breach of the rules instead of throwing, so that a test sees all.
 *
 *     start --SyncStarted full--> full --SyncComplete--> live --SyncStarted full--> full (in place)
 *     start --SyncStarted delta--> delta --SyncComplete--> live
 *     delta --SyncStarted full--> full
 *     any --Goodbye--> nothing may follow
 */
export class SyncChecker {
  /** The flags after the last whole change set or full sync. */
  state: Map<string, FlagDefinition>;
  /** The cursor up to which everything is applied. */
  cursor: string;
  /** How many `SyncComplete` were seen. */
  syncs = 0;
  /** How many of them were full. */
  fulls = 0;
  /** Whole change sets outside of full syncs, in order. */
  readonly applied: AppliedSet[] = [];
  readonly violations: string[] = [];

  #phase: Phase = 'start';
  #over = false;
  #unsubscribed = false;
  /** Whether `state` is all that the environment has: false while resuming without the flags held before. */
  #complete: boolean;
  #set: FlagEvent[] = [];
  #full = new Map<string, FlagDefinition>();
  #filter: string | undefined;
  #narrow: boolean;

  constructor(private readonly options: CheckerOptions = {}) {
    this.cursor = options.cursor ?? 'none';
    this.state = new Map(options.state);
    this.#complete = options.state !== undefined;
    this.#filter = filterHash(options.flags);
    this.#narrow = this.#filter !== undefined;
  }

  /** Whether state and cursor are those of the present filter: not before the first sync, and not inside a full one. */
  get isFollowing(): boolean {
    return this.#phase === 'live' || this.#phase === 'delta';
  }

  /** To be called when a socket sends `Subscribe`: from its answer on the cursors are those of `flags`. */
  subscribed(flags?: readonly string[]): void {
    this.#filter = filterHash(flags);
    this.#narrow = this.#filter !== undefined;
    this.#unsubscribed = false;
  }

  /** To be called when a socket has sent `Unsubscribe`, from the answer to a following request on: ids are `none`. */
  unsubscribed(): void {
    this.#unsubscribed = true;
    this.cursor = 'none';
  }

  receive(message: Message): void {
    const wrong = shapeFault(message);
    if (wrong !== null) this.#fault(message, wrong);
    if (this.#over) this.#fault(message, 'comes after Goodbye');
    if (message.id !== 'none' && parseCursor(message.id) === null) this.#fault(message, 'has no cursor as its id');
    if (this.#phase === 'start' && !['SyncStarted', 'Goodbye', 'Error'].includes(message.type)) {
      this.#fault(message, 'comes before the first SyncStarted');
    }
    if (this.#set.length > 0 && !isFlagEvent(message)) this.#fault(message, 'comes between the events of a change set');
    if (isFlagEvent(message)) this.#flagEvent(message);
    else if (message.type === 'SyncStarted') this.#started(message, message.data);
    else if (message.type === 'SyncComplete') this.#completed(message, message.data.flag_count);
    else this.#aside(message);
  }

  /** The answer to `GET /sdk/poll?since=`. */
  receiveDelta(answer: { mode: 'full' | 'delta'; events: readonly PolledEvent[]; cursor: string }): void {
    const at = performance.now();
    const about = { type: 'SyncComplete', data: { flag_count: 0 }, id: answer.cursor, more: false, at } as const;
    this.#phase = answer.mode;
    this.#full = new Map();
    for (const event of answer.events) this.receive({ ...event, more: event.more === true, at });
    if (this.#set.length > 0) this.#fault(about, 'ends in the middle of a change set');
    this.#finish(about);
  }

  /** The answer to `GET /sdk/poll` without `since`. */
  receiveAll(answer: { flags: readonly FlagDefinition[]; cursor: string }): void {
    const about = { type: 'SyncComplete', data: { flag_count: answer.flags.length }, id: answer.cursor, more: false } as const;
    this.#phase = 'full';
    this.#full = new Map(answer.flags.map((flag) => [flag.id, flag]));
    this.#completed({ ...about, at: performance.now() }, answer.flags.length);
  }

  #started(message: Message, data: { mode: 'full' | 'delta'; connection_id: string; protocol: number }): void {
    if (data.protocol !== 1 || typeof data.connection_id !== 'string') this.#fault(message, 'is not of protocol 1');
    if (data.mode === 'delta') {
      if (this.#phase !== 'start') this.#fault(message, 'starts a delta in place');
      if (message.id !== this.cursor) this.#fault(message, `does not carry the presented cursor ${this.cursor}`);
    } else {
      if (message.id !== 'none') this.#fault(message, 'starts a full sync with an id that is not none');
    }
    this.#phase = data.mode;
    this.#full = new Map();
    this.#set = [];
  }

  #completed(message: Message, flagCount: number): void {
    if (this.#phase !== 'full' && this.#phase !== 'delta') this.#fault(message, 'completes a sync that did not start');
    this.#finish(message);
    if (this.#complete && flagCount !== this.state.size) {
      this.#fault(message, `counts ${flagCount} flags where ${this.state.size} were sent`);
    }
  }

  #finish(message: Message): void {
    const goal = parseCursor(message.id);
    if (goal === null && !this.#unsubscribed) this.#fault(message, 'ends a sync without a cursor');
    if (this.#phase === 'full') {
      const before = parseCursor(this.cursor);
      const older = before !== null && goal?.epoch === before.epoch && goal.revision < before.revision;
      if (older && this.options.mayGoBack !== true) this.#fault(message, `goes back behind ${this.cursor}`);
      this.fulls += 1;
      this.state = this.#full;
      this.#complete = true;
      this.#checkFilter(message);
      this.cursor = message.id;
    } else {
      this.#keepUp(message);
    }
    this.#phase = 'live';
    this.syncs += 1;
  }

  #aside(message: Message): void {
    const inSync = this.#phase === 'full' || this.#phase === 'delta';
    if (inSync && message.type !== 'Goodbye') this.#fault(message, 'comes inside a sync');
    if (message.type === 'Goodbye') this.#over = true;
    const refused = this.#phase === 'start' && message.type === 'Error';
    const nothingYet = this.#phase === 'full' || refused || parseCursor(this.cursor) === null;
    if (!(nothingYet && message.id === 'none')) this.#keepUp(message);
  }

  #flagEvent(message: FlagEvent & Envelope): void {
    if (this.#phase === 'full') return this.#fullEvent(message);
    if (message.request_id !== undefined) return this.#keepUp(message); // GetFlag: an answer, not a change
    if (this.#unsubscribed) this.#fault(message, 'comes after Unsubscribe');
    this.#set.push(message);
    if (message.more) {
      // Where a filter let nothing through for a while, the cursor before the set is further than the last one sent.
      if (this.#narrow && this.#set.length === 1) this.#keepUp(message);
      else if (message.id !== this.cursor) this.#fault(message, `has more, but not the cursor before the set, ${this.cursor}`);
      return;
    }
    this.#advance(message);
    const events = this.#set;
    this.#set = [];
    for (const event of events) this.#apply(message, event);
    this.applied.push({ cursor: message.id, events });
  }

  #fullEvent(message: FlagEvent & Envelope): void {
    if (message.type !== 'FlagUpdated' || message.more) this.#fault(message, 'is no plain FlagUpdated of a full sync');
    if (message.id !== 'none') this.#fault(message, 'has an id inside a full sync');
    if (this.#full.has(flagOf(message))) this.#fault(message, 'sends a flag of a full sync twice');
    if (message.type === 'FlagUpdated') this.#full.set(message.data.id, message.data);
  }

  #apply(message: Message, event: FlagEvent): void {
    const id = flagOf(event);
    const held = this.state.get(id);
    if (held !== undefined && versionOf(event) !== held.metadata.version + 1) {
      this.#fault(message, `makes version ${versionOf(event)} of ${id} after ${held.metadata.version}`);
    }
    if (this.#complete && (event.type === 'FlagCreated') !== (held === undefined)) {
      this.#fault(message, `is a ${event.type} of ${id}, which is ${held === undefined ? 'unknown' : 'held already'}`);
    }
    if (event.type === 'FlagDeleted') this.state.delete(id);
    else if (event.type !== 'FlagStatusChanged') this.state.set(id, event.data);
    else if (held !== undefined) {
      const { old_status, new_status, version, updated_at } = event.data;
      if (held.status !== old_status) this.#fault(message, `changes ${id} from ${old_status}, but it was ${held.status}`);
      this.state.set(id, { ...held, status: new_status, metadata: { ...held.metadata, version, updated_at } });
    }
  }

  /** The last message of a set: the next revision, or with a filter any later one. */
  #advance(message: Message): void {
    const [before, after] = [parseCursor(this.cursor), parseCursor(message.id)];
    const steps = before?.epoch === after?.epoch && before && after ? after.revision - before.revision : 0;
    if (steps < 1 || (steps > 1 && !this.#narrow)) this.#fault(message, `does not follow ${this.cursor}`);
    this.#checkFilter(message);
    this.cursor = message.id;
  }

  /** A message beside the sets: it repeats the cursor; with a filter it may be ahead of it. */
  #keepUp(message: Message): void {
    if (message.id === this.cursor) return;
    const [before, now] = [parseCursor(this.cursor), parseCursor(message.id)];
    const ahead = before !== null && before.epoch === now?.epoch && now.revision > before.revision;
    if (!ahead || !this.#narrow) this.#fault(message, `does not repeat the cursor ${this.cursor}`);
    this.#checkFilter(message);
    this.cursor = message.id;
  }

  #checkFilter(message: Message): void {
    const parts = parseCursor(message.id);
    if (parts !== null && parts.filter !== this.#filter) {
      this.#fault(message, `has the filter ${parts.filter ?? 'none'} where ${this.#filter ?? 'none'} was asked for`);
    }
  }

  #fault(message: Message, what: string): void {
    this.violations.push(`${message.type} (id ${message.id || 'empty'}) ${what}`);
  }
}
