import { type Cursor, flagIdOf } from '@flagwire/protocol/sync';
import { type EncodedChangeSet } from '../changes/encoded-change-set.js';
import { type Subscription } from '../changes/subscription.js';
import { type Batch, batchOf } from './batch.js';
import { type SetFrames } from './encodings.js';
import { type Form } from './form.js';
import { type LiveGroups } from './live-groups.js';
import { type SyncFigures } from './sync-figures.js';
import { type Turns, type Work } from './turns.js';

/** Who gets change sets. */
export interface Listener {
  readonly subscription: Subscription;
  readonly form: Form;
  deliver(batch: Batch): void;
  /** Its own throw ends it, and nobody else. */
  cut(reason: 'error', error: unknown): void;
}

/** What a broadcast needs of its node. */
export interface BroadcastTools {
  readonly turns: Turns;
  readonly frames: SetFrames;
  readonly figures: SyncFigures;
}

/** Those of a group who have still to be served, as far as they are still in it. */
interface Portion {
  readonly batch: Batch;
  readonly form: Form;
  readonly listeners: Iterator<Listener, undefined>;
}

interface Round {
  readonly to: Cursor;
  readonly portions: Portion[];
  /** Monotonic milliseconds when the first of its sets was read. */
  readonly since: number;
}

/**
 * Change sets on their way to all who are live. Sets that are read in one turn of the event loop are gathered and go out as one; a
 * round serves so many in a turn, and what is read meanwhile is for the next one, which begins when it has ended: no set overtakes
 * another. Whoever joins meanwhile has everything that was read until then, and says so itself (`Batch.from` and `to`).
 */
export class Broadcast<L extends Listener> implements Work {
  /** Where all stand who are live, at least; null while nobody is. */
  told: Cursor | null = null;
  private gathered: EncodedChangeSet[] = [];
  private gatheredSince = 0;
  private round: Round | null = null;

  constructor(
    private readonly live: LiveGroups<L>,
    private readonly tools: BroadcastTools,
  ) {}

  /** The next sets of the log. */
  add(sets: readonly EncodedChangeSet[]): void {
    if (this.live.isEmpty) return;
    if (this.gathered.length === 0) this.gatheredSince = performance.now();
    this.gathered.push(...sets);
    this.tools.turns.add(this);
  }

  /** Nobody waits for it any more: all have left, or get a full sync. */
  stop(): void {
    this.told = null;
    this.gathered = [];
    this.round = null;
  }

  serve(most: number): number {
    let served = 0;
    while (served < most) {
      this.round ??= this.begin();
      const portion = this.round?.portions[0];
      if (portion !== undefined) served += this.tell(portion, most - served);
      else if (this.round === null) break;
      else this.end(this.round);
    }
    return served;
  }

  private begin(): Round | null {
    const [sets, first, last] = [this.gathered, this.gathered[0], this.gathered.at(-1)];
    if (first === undefined || last === undefined) return null;
    this.gathered = [];
    const flagIds = new Set(sets.flatMap(({ events }) => events.map(flagIdOf)));
    const portions: Portion[] = [];
    for (const { subscription, form, sessions } of this.live.wanting(flagIds)) {
      const parts = sets
        .map((set) => ({ frames: this.tools.frames.of(set, subscription, form), reached: set.after }))
        .filter(({ frames }) => frames.length > 0);
      if (parts.length === 0) continue;
      portions.push({ batch: batchOf(form, parts, first.before, last.after), form, listeners: sessions.values() });
    }
    return { to: last.after, portions, since: this.gatheredSince };
  }

  /** @returns how many it served. */
  private tell({ batch, form, listeners }: Portion, most: number): number {
    let served = 0;
    for (; served < most; served += 1) {
      const { value: listener } = listeners.next();
      if (listener === undefined) {
        this.round?.portions.shift();
        break;
      }
      try {
        listener.deliver(batch);
      } catch (error) {
        listener.cut('error', error);
      }
    }
    this.tools.figures.delivered(form.transport, batch.parts.length, served);
    return served;
  }

  private end({ to, since }: Round): void {
    this.told = to;
    this.round = null;
    this.tools.figures.published.next(performance.now() - since);
  }
}
