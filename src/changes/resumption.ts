import { Injectable } from '@nestjs/common';
import { type Cursor, type PresentedCursor } from '@flagwire/protocol/sync';
import { NotFound } from '../common/errors.js';
import { ChangeFeed } from './change-feed.js';
import { type EncodedChangeSet } from './encoded-change-set.js';
import { type EnvironmentReplica } from './environment-replica.js';
import { countEvents, type Subscription } from './subscription.js';

/** How a reader is brought to the head: by all flags, or by the change sets after its cursor. */
export type Plan = { kind: 'full' } | { kind: 'delta'; sets: readonly EncodedChangeSet[] };

/**
 * Why a reader is sent all flags: it presented no cursor that can be read, one of another history, one of another filter, one
 * below the floor of the log, or one from which all flags are the shorter way.
 */
export const FULL_REASONS = ['no_cursor', 'other_history', 'other_filter', 'below_floor', 'too_far'] as const;
export type FullReason = (typeof FULL_REASONS)[number];

/** Of JSON that is held for one reader. */
const LARGEST_DELTA = 4 * 2 ** 20;

const FULL: Plan = { kind: 'full' };

/**
 * Decides what a presented cursor is answered with (protocol section 1). On any doubt the database is asked, and then a
 * full sync is the answer: no reader is told less than its cursor says it has.
 */
@Injectable()
export class Resumption {
  private readonly counts = new Map<FullReason, number>(FULL_REASONS.map((reason) => [reason, 0]));

  constructor(private readonly feed: ChangeFeed) {}

  /** How often all flags were the answer, since the start. */
  get fullSyncs(): ReadonlyMap<FullReason, number> {
    return this.counts;
  }

  /** The plan where memory alone can tell; null where the database has to be asked. */
  fromMemory(replica: EnvironmentReplica, presented: PresentedCursor | null, subscription: Subscription): Plan | null {
    if (presented === null) return this.full('no_cursor');
    const standing = replica.standing(presented);
    if (standing.kind === 'foreign' || standing.kind === 'ahead') return null;
    if (presented.filter !== subscription.filterHash) return this.full('other_filter');
    if (this.isFar(replica, presented, subscription)) return this.full('too_far');
    return standing.kind === 'sets' ? this.worthwhile(replica, standing.sets, subscription) : null;
  }

  /**
   * The plan, with the database asked where memory cannot tell.
   * @throws DatabaseUnavailable where it cannot be asked, NotFound where the environment is gone.
   */
  async plan(environmentId: string, presented: PresentedCursor | null, subscription: Subscription): Promise<Plan> {
    const known = this.feed.replica(environmentId);
    const atOnce = known === undefined ? null : this.fromMemory(known, presented, subscription);
    if (atOnce !== null) return atOnce;

    await this.feed.catchUp();
    const replica = this.feed.replica(environmentId);
    if (replica === undefined) throw new NotFound('environment', environmentId);
    const standing = presented === null ? null : replica.standing(presented);
    // Still ahead of, or beside, a log that has just been read: the cursor is of a history that is no more.
    if (presented === null || standing === null) return this.full('no_cursor');
    if (standing.kind === 'foreign' || standing.kind === 'ahead') return this.full('other_history');
    return this.fromMemory(replica, presented, subscription) ?? this.fromLog(replica, presented, subscription);
  }

  /** The next step of a reader that stands at `position` and has been accepted before. */
  next(environmentId: string, position: Cursor, subscription: Subscription): Promise<Plan> {
    return this.plan(environmentId, { ...position, filter: subscription.filterHash }, subscription);
  }

  private async fromLog(replica: EnvironmentReplica, cursor: Cursor, subscription: Subscription): Promise<Plan> {
    const sets: EncodedChangeSet[] = [];
    let size = 0;
    for (;;) {
      const page = await this.feed.since(replica.environment.id, sets.at(-1)?.after ?? cursor);
      if (page === null) return this.full('below_floor');
      if (page.length === 0) return { kind: 'delta', sets };
      sets.push(...page);
      size += page.reduce((sum, set) => sum + set.size, 0);
      if (size > LARGEST_DELTA || this.areTooMany(replica, sets, subscription)) return this.full('too_far');
    }
  }

  private worthwhile(replica: EnvironmentReplica, sets: readonly EncodedChangeSet[], subscription: Subscription): Plan {
    return this.areTooMany(replica, sets, subscription) ? this.full('too_far') : { kind: 'delta', sets };
  }

  private areTooMany(replica: EnvironmentReplica, sets: readonly EncodedChangeSet[], subscription: Subscription): boolean {
    return countEvents(sets, subscription) > this.mostEvents(replica, subscription);
  }

  private full(reason: FullReason): Plan {
    this.counts.set(reason, (this.counts.get(reason) ?? 0) + 1);
    return FULL;
  }

  /** A revision has one event at least: so far behind, all flags are the shorter answer. */
  private isFar(replica: EnvironmentReplica, cursor: Cursor, subscription: Subscription): boolean {
    return replica.head.revision - cursor.revision > this.mostEvents(replica, subscription);
  }

  private mostEvents(replica: EnvironmentReplica, { filter }: Subscription): number {
    return 2 * replica.count(filter) + 100;
  }
}
