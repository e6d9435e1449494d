import { type Cursor, type PresentedCursor } from '@flagwire/protocol/sync';
import { NotFound } from '../common/errors.js';
import { type ChangeFeed } from '../changes/change-feed.js';
import { type EncodedChangeSet } from '../changes/encoded-change-set.js';
import { type EnvironmentReplica } from '../changes/environment-replica.js';
import { type Plan, type Resumption } from '../changes/resumption.js';
import { type Subscription } from '../changes/subscription.js';
import { type ClientReceipt, type Recipient, type Source } from '../receipts/client-receipt.js';
import { type Acknowledgement, type Ledger } from '../receipts/ledger.js';
import { Broadcast } from './broadcast.js';
import { type SetFrames, snapshotFrames, type SyncLabels } from './encodings.js';
import { type Form } from './form.js';
import { type Frame } from './frame.js';
import { LiveGroups } from './live-groups.js';
import { type SessionRoom } from './session-room.js';
import { type SnapshotGeneration, Snapshots, type SnapshotReader } from './snapshots.js';
import { type CutReason, type SyncFigures } from './sync-figures.js';
import { type HubSession } from './hub-session.js';
import { type SyncSession } from './sync-session.js';
import { type Turns } from './turns.js';

/** What rooms are made of; one for all of a node. */
export interface RoomTools {
  feed: ChangeFeed;
  resumption: Resumption;
  ledger: Ledger;
  frames: SetFrames;
  figures: SyncFigures;
  turns: Turns;
  /** Of a throw that has ended a connection: somebody has to mend it. */
  report: (error: unknown) => void;
  lagBytes: number;
  askAgainMs: number;
}

/** An empty room keeps its snapshots for so long: clients that come, sync and go are not each made one of their own. */
const KEPT_MS = 60_000;

/** The sessions of one environment, and what they share. */
export class EnvironmentRoom implements SessionRoom<SyncSession> {
  /** All of them, wherever they stand. */
  readonly members = new Set<SyncSession>();
  private readonly live = new LiveGroups<SyncSession>();
  private readonly snapshots = new Snapshots();
  private readonly broadcast: Broadcast<SyncSession>;
  private emptySince: number | null = null;

  constructor(
    readonly environmentId: string,
    private readonly tools: RoomTools,
  ) {
    this.broadcast = new Broadcast(this.live, tools);
  }

  get head(): Cursor {
    return this.broadcast.told ?? this.replica.head;
  }

  get newest(): Cursor {
    return this.replica.head;
  }

  get askAgainMs(): number {
    return this.tools.askAgainMs;
  }

  get ackEveryMs(): number {
    return this.tools.ledger.everyMs;
  }

  get lagBytes(): number {
    return this.tools.lagBytes;
  }

  /** Change sets of the log, to all who are live: each gets the same bytes. */
  publish(sets: readonly EncodedChangeSet[]): void {
    this.broadcast.add(sets);
    this.snapshots.sweep(this.replica.head);
  }

  /** The replica was loaded anew: a full sync for all. */
  reset(): void {
    const { told } = this.broadcast;
    this.broadcast.stop();
    forEachSafely(this.members, (session) => session.reset(told));
  }

  /** Whether nobody was seen in it for a while. @param now monotonic milliseconds. */
  isDeserted(now: number): boolean {
    this.emptySince = this.members.size > 0 ? null : (this.emptySince ?? now);
    return this.emptySince !== null && now - this.emptySince >= KEPT_MS;
  }

  join(session: SyncSession): Cursor {
    this.live.join(session);
    this.broadcast.told ??= this.replica.head;
    return this.replica.head;
  }

  leave(session: SyncSession): void {
    this.live.leave(session);
    if (this.live.isEmpty) this.broadcast.stop();
  }

  enter(recipient: Recipient, source: Source): ClientReceipt {
    return this.tools.ledger.enter(this.environmentId, recipient, source);
  }

  exit(receipt: ClientReceipt): void {
    this.tools.ledger.leave(receipt);
  }

  acknowledge(acknowledgement: Acknowledgement): void {
    this.tools.ledger.acknowledge(acknowledgement);
  }

  noteCut(reason: CutReason, error?: unknown): void {
    this.tools.figures.cuts[reason] += 1;
    if (reason === 'error') this.tools.report(error);
  }

  planFromMemory(cursor: PresentedCursor | null, subscription: Subscription): Plan | null {
    const replica = this.tools.feed.replica(this.environmentId);
    return replica === undefined ? null : this.tools.resumption.fromMemory(replica, cursor, subscription);
  }

  plan(cursor: PresentedCursor | null, subscription: Subscription): Promise<Plan> {
    return this.tools.resumption.plan(this.environmentId, cursor, subscription);
  }

  next(position: Cursor, subscription: Subscription): Promise<Plan> {
    return this.tools.resumption.next(this.environmentId, position, subscription);
  }

  framesOf(set: EncodedChangeSet, subscription: Subscription, form: Form): readonly Frame[] {
    return this.tools.frames.of(set, subscription, form);
  }

  flagCount(subscription: Subscription): number {
    return this.replica.count(subscription.filter);
  }

  flagJson(flagId: string): string | undefined {
    return this.replica.flag(flagId)?.json;
  }

  enterSnapshot(reader: SnapshotReader): SnapshotGeneration {
    return this.snapshots.enter(this.replica, reader);
  }

  snapshot(generation: SnapshotGeneration, subscription: Subscription, form: Form): readonly Frame[] {
    return generation.frames(this.replica, subscription, form);
  }

  ownSnapshot(subscription: Subscription, form: Form, labels: SyncLabels): Iterable<Frame> {
    return snapshotFrames(this.replica, subscription, form, labels);
  }

  private get replica(): EnvironmentReplica {
    const replica = this.tools.feed.replica(this.environmentId);
    if (replica === undefined) throw new NotFound('environment', this.environmentId);
    return replica;
  }
}

/** A throw ends the connection that it came from, and no other. */
export function forEachSafely<S extends HubSession>(sessions: Iterable<S>, act: (session: S) => void): void {
  for (const session of [...sessions]) {
    try {
      act(session);
    } catch (error) {
      session.cut('error', error);
    }
  }
}
