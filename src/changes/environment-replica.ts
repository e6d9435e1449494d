import {
  applyFlagEvent,
  type Cursor,
  type FlagDefinition,
  type FlagFilter,
  flagIdOf,
  matches,
  sameCursor,
} from '@flagwire/protocol/sync';
import { ChangeRing, type RingBounds } from './change-ring.js';
import { type EncodedChangeSet } from './encoded-change-set.js';

export interface EnvironmentName {
  id: string;
  key: string;
  projectKey: string;
}

/** An environment as one read of the database found it. */
export interface EnvironmentSnapshot {
  environment: EnvironmentName;
  head: Cursor;
  httpDate: string;
  flags: FlagDefinition[];
  /** The newest change sets, dense up to the head: after a restart, too, those who were away shortly are told from memory. */
  recent: readonly EncodedChangeSet[];
}

/** A flag with its JSON, which is made once for each version. */
export interface ReplicaFlag {
  definition: FlagDefinition;
  json: string;
}

/**
 * What the replica knows of a presented cursor. `unknown`: older than its memory, the log may know it. `foreign`: of another
 * epoch, or with another mark at this revision. `ahead`: newer than the replica.
 */
export type Standing = { kind: 'sets'; sets: readonly EncodedChangeSet[] } | { kind: 'unknown' | 'foreign' | 'ahead' };

/** One environment in memory: its flags at the head, and the newest change sets. Changed by the feed alone. */
export class EnvironmentReplica {
  readonly environment: EnvironmentName;
  private present: Cursor;
  private date: string;
  private readonly held = new Map<string, ReplicaFlag>();
  private sorted: readonly ReplicaFlag[] | null = null;
  private readonly ring: ChangeRing;

  constructor(snapshot: EnvironmentSnapshot, bounds: RingBounds) {
    this.environment = snapshot.environment;
    this.ring = new ChangeRing(bounds);
    this.present = snapshot.head;
    this.date = snapshot.httpDate;
    this.load(snapshot);
  }

  get head(): Cursor {
    return this.present;
  }

  /** The date of the head: whole seconds, RFC 3339. */
  get httpDate(): string {
    return this.date;
  }

  get flagCount(): number {
    return this.held.size;
  }

  flag(flagId: string): ReplicaFlag | undefined {
    return this.held.get(flagId);
  }

  /** In the order of their ids, so that every node gives the same bytes. */
  flags(filter: FlagFilter | null): readonly ReplicaFlag[] {
    this.sorted ??= [...this.held.values()].sort((a, b) => (a.definition.id < b.definition.id ? -1 : 1));
    return filter === null ? this.sorted : this.sorted.filter(({ definition }) => matches(filter, definition.id));
  }

  count(filter: FlagFilter | null): number {
    return filter === null ? this.held.size : this.flags(filter).length;
  }

  /** What a reader at this cursor is missing. */
  standing(cursor: Cursor): Standing {
    if (cursor.epoch !== this.present.epoch) return { kind: 'foreign' };
    if (cursor.revision > this.present.revision) return { kind: 'ahead' };
    if (cursor.revision === this.present.revision) {
      return sameCursor(cursor, this.present) ? { kind: 'sets', sets: [] } : { kind: 'foreign' };
    }
    const known = this.ring.cursorAt(cursor.revision);
    if (known === undefined) return { kind: 'unknown' };
    return sameCursor(cursor, known) ? { kind: 'sets', sets: this.ring.after(cursor.revision) } : { kind: 'foreign' };
  }

  /** Replaces everything. The change sets in memory belong to the old state and go with it. */
  load({ head, httpDate, flags, recent }: EnvironmentSnapshot): void {
    this.held.clear();
    for (const definition of flags) this.held.set(definition.id, { definition, json: JSON.stringify(definition) });
    this.sorted = null;
    this.ring.clear();
    for (const set of recent) this.ring.push(set);
    this.present = head;
    this.date = httpDate;
  }

  /**
   * @param set the one that follows the head.
   * @throws RangeError where the set does not fit what is held: the replica has to be loaded anew.
   */
  apply(set: EncodedChangeSet): void {
    if (!sameCursor(set.before, this.present))
      throw new RangeError(`Revision ${set.after.revision} does not follow ${this.present.revision}`);
    // All of it first, then all of it in: a set that does not fit leaves nothing behind.
    const after = new Map<string, ReplicaFlag | null>();
    for (const [index, event] of set.events.entries()) {
      const flagId = flagIdOf(event);
      const before = after.has(flagId) ? after.get(flagId) : this.held.get(flagId);
      const definition = applyFlagEvent(before?.definition ?? null, event);
      const json = definition === event.data ? set.dataText(index) : JSON.stringify(definition);
      after.set(flagId, definition === null ? null : { definition, json });
    }
    for (const [flagId, flag] of after) {
      if (flag === null) this.held.delete(flagId);
      else this.held.set(flagId, flag);
    }
    this.sorted = null;
    this.ring.push(set);
    this.present = set.after;
    this.date = set.httpDate;
  }
}
