import { Injectable, Logger, type OnApplicationShutdown } from '@nestjs/common';
import { type Cursor, sameCursor } from '@flagwire/protocol/sync';
import { Subject, type Subscription } from 'rxjs';
import { Clock } from '../common/clock.js';
import { DatabaseUnavailable } from '../common/errors.js';
import { Config } from '../config/config.js';
import { Gate } from '../common/gate.js';
import { within } from '../common/within.js';
import { ChangeFeed, type FeedUpdate } from './change-feed.js';
import { type EncodedChangeSet } from './encoded-change-set.js';
import { type EnvironmentHead } from './environment-head.entity.js';
import { EnvironmentReplica, type EnvironmentSnapshot } from './environment-replica.js';
import { LogReader } from './log-reader.js';
import { WakeUps } from './wake-ups.js';

/** A writer waits this long for its own write before it answers all the same. */
const REACH_MS = 1000;
/** Reads of the log for single clients at once: a herd of old cursors must not take the pool from the writers. */
const READS_AT_ONCE = 4;

/** The feed: reads the heads on every wake-up, and every `tailMs` anyway, since wake-ups may be lost. */
@Injectable()
export class LogTail extends ChangeFeed implements OnApplicationShutdown {
  readonly updates = new Subject<FeedUpdate>();
  private readonly logger = new Logger('ChangeFeed');
  private readonly replicas = new Map<string, EnvironmentReplica>();
  private readonly keyRevisions = new Map<string, number>();
  private readonly heads = new Map<string, number>();
  /** Environments that could not be read, and of which that has been said. */
  private readonly broken = new Set<string>();
  private readonly reads = new Gate(READS_AT_ONCE);
  private running: Promise<void> | null = null;
  private next: Promise<void> | null = null;
  private timer: NodeJS.Timeout | null = null;
  private hints: Subscription | null = null;
  private stopped = false;
  private lastRead = -Infinity;
  private firstLoad = false;
  private failing = false;

  constructor(
    private readonly reader: LogReader,
    private readonly wakeUps: WakeUps,
    private readonly clock: Clock,
    private readonly config: Config,
  ) {
    super();
  }

  get loaded(): boolean {
    return this.firstLoad;
  }

  replica(environmentId: string): EnvironmentReplica | undefined {
    return this.replicas.get(environmentId);
  }

  all(): Iterable<EnvironmentReplica> {
    return this.replicas.values();
  }

  headRevision(environmentId: string): number | undefined {
    return this.heads.get(environmentId);
  }

  get unreadable(): number {
    return this.broken.size;
  }

  ageMs(): number {
    return Math.round(this.clock.monotonic() - this.lastRead);
  }

  start(): void {
    // First listen, then read: what is committed in between is hinted at or read.
    this.hints = this.wakeUps.hints.subscribe(() => this.tick());
    this.wakeUps.start();
    this.tick();
  }

  catchUp(): Promise<void> {
    if (this.running === null) return this.run();
    // The read under way may have begun before the caller's write was committed.
    return (this.next ??= this.running.catch(() => undefined).then(() => this.running ?? this.run()));
  }

  async since(environmentId: string, cursor: Cursor): Promise<readonly EncodedChangeSet[] | null> {
    return this.reads.run(async () => {
      const head = await this.reader.head(environmentId);
      if (head === null || head.epoch !== cursor.epoch || head.revision < cursor.revision) return null;
      const sets = await this.reader.after(head, cursor);
      if (sets === null || this.isBelowFloor(head, cursor, sets)) return null;
      const reached = this.replicas.get(environmentId)?.head.revision ?? 0;
      return sets.filter((set) => set.after.revision <= reached);
    });
  }

  async reach(written: ReadonlyMap<string, Cursor>): Promise<void> {
    const isThere = ([environmentId, cursor]: [string, Cursor]) => {
      const head = this.replicas.get(environmentId)?.head;
      return head !== undefined && head.epoch === cursor.epoch && head.revision >= cursor.revision;
    };
    if ([...written].every(isThere)) return;
    // The write is committed: what cannot be read now is read later.
    await within(this.catchUp(), REACH_MS, () => new DatabaseUnavailable()).catch(() => undefined);
  }

  async onApplicationShutdown(): Promise<void> {
    this.stopped = true;
    this.hints?.unsubscribe();
    if (this.timer !== null) clearTimeout(this.timer);
    await (this.next ?? this.running)?.catch(() => undefined);
  }

  /** A read that nobody waits for; a failure is logged once for each outage. */
  private tick(): void {
    if (this.stopped) return;
    this.catchUp().catch(() => undefined);
  }

  private run(): Promise<void> {
    this.next = null;
    const round = this.round().finally(() => {
      this.running = null;
      this.schedule();
    });
    this.running = round;
    return round;
  }

  private schedule(): void {
    if (this.stopped) return;
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = setTimeout(() => this.tick(), this.config.tailMs);
  }

  private async round(): Promise<void> {
    const began = this.clock.monotonic();
    try {
      const heads = await this.reader.heads();
      // Keys first: a revocation does not wait for anybody's flags.
      for (const head of heads) this.followKeys(head);
      for (const head of heads) await this.followAlone(head);
      this.forgetAllBut(new Set(heads.map((head) => head.environmentId)));
      this.noteSuccess(began);
    } catch (error) {
      this.noteFailure(error);
      throw error instanceof DatabaseUnavailable ? error : new DatabaseUnavailable(error);
    }
  }

  /** An environment that cannot be read, say for a row that is no JSON, keeps no other one waiting. */
  private async followAlone(head: EnvironmentHead): Promise<void> {
    try {
      await this.follow(head);
    } catch (error) {
      if (error instanceof DatabaseUnavailable) throw error;
      if (!this.broken.has(head.environmentId))
        this.logger.error(`Environment ${head.environmentId} cannot be read: ${String(error)}`);
      this.broken.add(head.environmentId);
    }
  }

  private async follow(head: EnvironmentHead): Promise<void> {
    this.heads.set(head.environmentId, head.revision);
    const replica = this.replicas.get(head.environmentId);
    if (replica === undefined) await this.reload(head.environmentId);
    else if (!sameCursor(replica.head, head)) await this.advance(replica, head);
    this.broken.delete(head.environmentId);
  }

  /** Reads on from the replica's head, which is read again: if it is not there any more, history was replaced. */
  private async advance(replica: EnvironmentReplica, head: EnvironmentHead): Promise<void> {
    const leadsOn = replica.head.epoch === head.epoch && replica.head.revision < head.revision;
    if (!leadsOn) return this.reload(head.environmentId);
    while (replica.head.revision < head.revision) {
      const sets = await this.reader.after(head, replica.head);
      for (const set of sets ?? []) await set.encode();
      if (sets === null || sets.length === 0 || !this.applyAll(replica, sets)) return this.reload(head.environmentId);
    }
  }

  /** @returns false where one does not fit; those before it are announced all the same, since the replica shows them. */
  private applyAll(replica: EnvironmentReplica, sets: readonly EncodedChangeSet[]): boolean {
    const applied: EncodedChangeSet[] = [];
    try {
      for (const set of sets) {
        replica.apply(set);
        applied.push(set);
      }
    } catch (error) {
      this.logger.error(`Environment ${replica.environment.key} is loaded anew: ${(error as Error).message}`);
    }
    if (applied.length > 0) this.updates.next({ kind: 'changed', replica, sets: applied });
    return applied.length === sets.length;
  }

  private async reload(environmentId: string): Promise<void> {
    const snapshot = await this.reader.snapshot(environmentId);
    if (snapshot !== null) this.install(environmentId, snapshot);
  }

  private install(environmentId: string, snapshot: EnvironmentSnapshot): void {
    const { ringRevisions: revisions, ringBytes: bytes } = this.config;
    const present = this.replicas.get(environmentId);
    const replica = present ?? new EnvironmentReplica(snapshot, { revisions, bytes });
    if (present === undefined) this.replicas.set(environmentId, replica);
    else present.load(snapshot);
    this.updates.next({ kind: 'reset', replica });
  }

  private followKeys({ environmentId, keyRevision }: EnvironmentHead): void {
    if (this.keyRevisions.get(environmentId) === keyRevision) return;
    this.keyRevisions.set(environmentId, keyRevision);
    this.updates.next({ kind: 'keys', environmentId });
  }

  private forgetAllBut(kept: ReadonlySet<string>): void {
    for (const environmentId of [...this.replicas.keys()].filter((id) => !kept.has(id))) {
      this.replicas.delete(environmentId);
      this.keyRevisions.delete(environmentId);
      this.heads.delete(environmentId);
      this.updates.next({ kind: 'removed', environmentId });
    }
  }

  /** The newest revisions, or those of the last days, whichever reaches further back, can be resumed from. */
  private isBelowFloor(head: EnvironmentHead, cursor: Cursor, sets: readonly EncodedChangeSet[]): boolean {
    if (head.revision - cursor.revision <= this.config.floorRevisions) return false;
    const next = sets[0];
    return next === undefined || Date.parse(next.commit.createdAt) < this.clock.now() - this.config.floorMs;
  }

  private noteSuccess(began: number): void {
    if (this.firstLoad && this.failing) this.logger.log('The database answers again');
    this.failing = false;
    this.firstLoad = true;
    this.lastRead = began;
  }

  private noteFailure(error: unknown): void {
    if (!this.failing) this.logger.warn(`The log cannot be read, clients keep what they have: ${(error as Error).message}`);
    this.failing = true;
    // What comes back may be a restored database, with other keys at the same number: they are read again.
    this.keyRevisions.clear();
  }
}
