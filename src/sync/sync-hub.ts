import { Injectable, Logger, type OnApplicationShutdown } from '@nestjs/common';
import { type GoodbyeReason, NO_CURSOR, parseCursor } from '@flagwire/protocol/sync';
import { Subscription as RxSubscription } from 'rxjs';
import { type KeyDeath, KeyRing } from '../auth/key-ring.js';
import { assertNever } from '../common/assert.js';
import { redact } from '../common/redact.js';
import { ChangeFeed, type FeedUpdate } from '../changes/change-feed.js';
import { type EncodedChangeSet } from '../changes/encoded-change-set.js';
import { type EnvironmentReplica } from '../changes/environment-replica.js';
import { Config } from '../config/config.js';
import { type ConnectionLimit, ConnectionQuota, type Holder } from './connection-quota.js';
import { SetFrames } from './encodings.js';
import { EnvironmentRoom, forEachSafely } from './environment-room.js';
import { sayGoodbye } from './farewell.js';
import { type HubSession } from './hub-session.js';
import { NoticeSession } from './notice-session.js';
import { type Outlet } from './outlet.js';
import { ReconnectAdvice } from './reconnect-advice.js';
import { RoomParts } from './room-parts.js';
import { SyncFigures } from './sync-figures.js';
import { type Subscriber, SyncSession } from './sync-session.js';

/** A peer that answers none of so many pings is gone. */
const MISSED_PINGS = 3;
/** Goodbyes at shutdown go out in this many portions. */
const DRAIN_STEPS = 20;
const REPORT_MS = 60_000;

/** Whose notices a stream is for. */
export interface NoticeHolder extends Holder {
  readonly environmentId: string;
}

/** Why a newcomer cannot be served now, or its key for good. */
export interface Refusal {
  readonly reason: GoodbyeReason;
  /** The bound that is reached; null: another reason. */
  readonly limit: ConnectionLimit | null;
}

/** All sessions of this node, and the road from the feed to them. */
@Injectable()
export class SyncHub implements OnApplicationShutdown {
  private readonly sessions = new Set<HubSession>();
  private readonly byKey = new Map<string, Set<HubSession>>();
  private readonly rooms = new Map<string, EnvironmentRoom>();
  /** Monotonic milliseconds. */
  private readonly leavesAt = new WeakMap<HubSession, number>();
  readonly figures = new SyncFigures(this.sessions);
  private readonly frames = new SetFrames(() => (this.figures.encodings += 1));
  private readonly subscriptions = new RxSubscription();
  private readonly quota: ConnectionQuota;
  private draining = false;
  private readonly logger = new Logger('SyncHub');
  /** While it runs, no throw is reported. */
  private quiet: NodeJS.Timeout | null = null;

  constructor(
    private readonly feed: ChangeFeed,
    private readonly parts: RoomParts,
    private readonly advice: ReconnectAdvice,
    private readonly keys: KeyRing,
    private readonly config: Config,
  ) {
    this.quota = new ConnectionQuota(config);
    this.subscriptions.add(feed.updates.subscribe((update) => this.follow(update)));
    this.subscriptions.add(keys.died.subscribe((dead) => this.endKey(dead)));
  }

  /** Null: it can be served. Asked in the turn in which it opens: its key may have died since the guard. */
  refusal(holder: Holder): Refusal | null {
    if (this.draining) return { reason: 'shutdown', limit: null };
    const limit = this.quota.metBy(holder);
    if (limit !== null) {
      this.figures.refused[limit] += 1;
      return { reason: 'overload', limit };
    }
    const reason = this.feed.loaded ? this.keys.endingOf(holder.keyId) : 'overload';
    return reason === null ? null : { reason, limit: null };
  }

  /** Tells a newcomer so, under the cursor that it presented, and ends. */
  turnAway(outlet: Outlet, { reason, limit }: Refusal, presented: string | null): void {
    const id = presented === null || parseCursor(presented) === null ? NO_CURSOR : presented;
    sayGoodbye(outlet, id, reason, this.advice.retryAfter(reason));
    outlet.end(limit === null ? reason : 'too_many_connections');
  }

  /** A new session for a connection that can be written to. The caller begins it, and closes it when the connection goes. */
  open(environmentId: string, subscriber: Subscriber, outlet: Outlet): SyncSession {
    const room = this.rooms.get(environmentId) ?? this.newRoom(environmentId);
    const session = new SyncSession(subscriber, outlet, room, this.advice.retryMs());
    room.members.add(session);
    this.admit(session);
    return session;
  }

  /** The same for a stream of notices, which belongs to no room; `dismiss` closes it. @param cursor what the client has. */
  openNotices(holder: Holder, outlet: Outlet, cursor: string): NoticeSession {
    const session = new NoticeSession({ holder }, outlet, cursor, this.figures, this.advice.retryMs());
    this.admit(session);
    return session;
  }

  /** Counts a session, which has not been refused, as one of this node, keeps it alive and ends it; `dismiss` closes it. */
  admit(session: HubSession): void {
    const { holder } = session.subscriber;
    const ofKey = this.byKey.get(holder.keyId) ?? new Set();
    this.byKey.set(holder.keyId, ofKey);
    ofKey.add(session);
    this.quota.enter(holder);
    this.sessions.add(session);
  }

  /** Every end of a connection comes through here. */
  close(session: SyncSession, environmentId: string): void {
    if (!this.dismiss(session)) return;
    this.rooms.get(environmentId)?.members.delete(session);
  }

  /** @returns whether it was there. */
  dismiss(session: HubSession): boolean {
    session.close();
    if (!this.sessions.delete(session)) return false;
    this.figures.noteGone(session);
    const { holder } = session.subscriber;
    this.quota.leave(holder);
    const ofKey = this.byKey.get(holder.keyId);
    ofKey?.delete(session);
    if (ofKey?.size === 0) this.byKey.delete(holder.keyId);
    return true;
  }

  all(): Iterable<HubSession> {
    return this.sessions;
  }

  /** Cuts whoever takes nothing, and whoever answers no ping. @param now milliseconds, monotonic. */
  cutStalled(now: number): void {
    const { stallMs, pingMs } = this.config;
    for (const session of [...this.sessions]) {
      const { vitals } = session;
      // Both are asked each time: they remember what they have seen.
      const [isStalled, isSilent] = [vitals.isStalled(now, stallMs), vitals.isSilent(now, MISSED_PINGS * pingMs)];
      if (isStalled || isSilent) session.cut(isStalled ? 'stalled' : 'silent');
    }
  }

  /** Sends those away who have been here as long as their transport may; they come back to some node. */
  retireOld(now: number): void {
    forEachSafely(this.sessions, (session) => {
      const leavesAt = this.leavesAt.get(session) ?? now + this.advice.lifeMs(session.form.transport);
      this.leavesAt.set(session, leavesAt);
      if (now >= leavesAt) session.goodbye('max_age', this.advice.retryMs());
    });
  }

  /** Lets go of rooms in which nobody has been for a while: until then, who comes is given what was made for those before. */
  leaveEmptyRooms(now: number): void {
    for (const [environmentId, room] of this.rooms) if (room.isDeserted(now)) this.rooms.delete(environmentId);
  }

  /** Takes nobody any more, and sends all away over `drainMs`; resolves when all have been told. */
  async drain(): Promise<void> {
    this.draining = true;
    const leaving = [...this.sessions];
    const portion = Math.ceil(leaving.length / DRAIN_STEPS);
    while (leaving.length > 0) {
      forEachSafely(leaving.splice(0, portion), (session) => session.goodbye('shutdown', this.advice.retryMs()));
      if (leaving.length > 0) await new Promise((resolve) => setTimeout(resolve, this.config.drainMs / DRAIN_STEPS));
    }
  }

  onApplicationShutdown(): void {
    this.subscriptions.unsubscribe();
    if (this.quiet !== null) clearTimeout(this.quiet);
  }

  /** Once a minute: what ends one connection may end them all, again and again. */
  private report(error: unknown): void {
    if (this.quiet !== null) return;
    this.logger.error(`A connection was cut: ${redact(String(error instanceof Error ? error.stack : error))}`);
    this.quiet = setTimeout(() => (this.quiet = null), REPORT_MS).unref();
  }

  private newRoom(environmentId: string): EnvironmentRoom {
    const { parts, frames, figures } = this;
    const room = new EnvironmentRoom(environmentId, {
      ...{ ...parts, frames, figures },
      report: (error) => this.report(error),
    });
    this.rooms.set(environmentId, room);
    return room;
  }

  private follow(update: FeedUpdate): void {
    switch (update.kind) {
      case 'changed':
        return this.publish(update.replica, update.sets);
      case 'reset':
        return this.rooms.get(update.replica.environment.id)?.reset();
      case 'removed':
        return this.sendAway(this.rooms.get(update.environmentId)?.members ?? [], 'environment_deleted');
      case 'keys':
        return; // The key ring reads them, and says which have died.
      default:
        return assertNever(update);
    }
  }

  private publish({ environment }: EnvironmentReplica, sets: readonly EncodedChangeSet[]): void {
    this.rooms.get(environment.id)?.publish(sets);
  }

  private endKey({ keyId, reason }: KeyDeath): void {
    this.sendAway(this.byKey.get(keyId) ?? [], reason);
  }

  private sendAway(sessions: Iterable<HubSession>, reason: GoodbyeReason): void {
    forEachSafely(sessions, (session) => session.goodbye(reason, this.advice.retryAfter(reason)));
  }
}
