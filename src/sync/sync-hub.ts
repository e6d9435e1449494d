import { Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { type GoodbyeReason } from '@flagwire/protocol/sync';
import { type Observable, Subscription as RxSubscription } from 'rxjs';
import { type KeyDeath, KeyRing } from '../auth/key-ring.js';
import { assertNever } from '../common/assert.js';
import { ChangeFeed, type FeedUpdate } from '../changes/change-feed.js';
import { type EncodedChangeSet } from '../changes/encoded-change-set.js';
import { type EnvironmentReplica } from '../changes/environment-replica.js';
import { Resumption } from '../changes/resumption.js';
import { Config } from '../config/config.js';
import { SetFrames } from './encodings.js';
import { EnvironmentRoom, forEachSafely } from './environment-room.js';
import { type Transport, TRANSPORTS } from './form.js';
import { type Outlet } from './outlet.js';
import { ReconnectAdvice } from './reconnect-advice.js';
import { type Subscriber, SyncSession } from './sync-session.js';
import { type ByTransport, Traffic } from './traffic.js';

/** A peer that answers none of so many pings is gone. */
const MISSED_PINGS = 3;
/** Goodbyes at shutdown go out in this many portions. */
const DRAIN_STEPS = 20;

/** Why a newcomer cannot be served now, or its key for good. */
export interface Refusal {
  readonly reason: GoodbyeReason;
  /** The bound that is reached; null: another reason. */
  readonly limit: ConnectionLimit | null;
}

/** Which bound a newcomer met. */
export type ConnectionLimit = 'node' | 'key';

/** What metrics show of the hub. */
export interface SyncFigures {
  connections: Record<Transport, number>;
  lagging: number;
  /** Encodings of change sets since start. */
  encodings: number;
  /** Connections that were cut because their socket made no progress. */
  cuts: number;
  /** Newcomers that were sent away since start, by the bound that was reached. */
  refused: Record<ConnectionLimit, number>;
  /** Since start: change sets handed to connections that were up to date. */
  deliveries: ByTransport;
  /** Since start, of all that connections were sent. */
  bytes: ByTransport;
  /** For each read of the log that brought something, the milliseconds until all who were up to date had been handed it. */
  published: Observable<number>;
}

/** All sessions of this node, and the road from the feed to them. */
@Injectable()
export class SyncHub implements OnApplicationShutdown {
  private readonly sessions = new Set<SyncSession>();
  private readonly byKey = new Map<string, Set<SyncSession>>();
  private readonly rooms = new Map<string, EnvironmentRoom>();
  /** Monotonic milliseconds. */
  private readonly leavesAt = new WeakMap<SyncSession, number>();
  private readonly traffic = new Traffic();
  private readonly frames = new SetFrames(() => (this.encodings += 1));
  private readonly subscriptions = new RxSubscription();
  private encodings = 0;
  private cuts = 0;
  private readonly refused = { node: 0, key: 0 };
  private draining = false;

  constructor(
    private readonly feed: ChangeFeed,
    private readonly resumption: Resumption,
    private readonly advice: ReconnectAdvice,
    private readonly keys: KeyRing,
    private readonly config: Config,
  ) {
    this.subscriptions.add(feed.updates.subscribe((update) => this.follow(update)));
    this.subscriptions.add(keys.died.subscribe((dead) => this.endKey(dead)));
  }

  /** Null: it can be served. Asked in the turn in which it opens: its key may have died since the guard. */
  refusal(keyId: string): Refusal | null {
    if (this.draining) return { reason: 'shutdown', limit: null };
    if (this.sessions.size >= this.config.maxConnections) return this.full('node');
    if ((this.byKey.get(keyId)?.size ?? 0) >= this.config.maxPerServerKey) return this.full('key');
    const reason = this.feed.loaded ? this.keys.endingOf(keyId) : 'overload';
    return reason === null ? null : { reason, limit: null };
  }

  /** A new session for a connection that can be written to. The caller begins it, and closes it when the connection goes. */
  open(environmentId: string, subscriber: Subscriber, outlet: Outlet): SyncSession {
    const room = this.rooms.get(environmentId) ?? this.newRoom(environmentId);
    const session = new SyncSession(subscriber, outlet, room, this.advice.retryMs());
    const ofKey = this.byKey.get(subscriber.keyId) ?? new Set();
    this.byKey.set(subscriber.keyId, ofKey);
    ofKey.add(session);
    room.members.add(session);
    this.sessions.add(session);
    return session;
  }

  /** Every end of a connection comes through here. */
  close(session: SyncSession, environmentId: string): void {
    session.close();
    if (this.sessions.delete(session)) this.traffic.noteEnd(session.outlet);
    const { keyId } = session.subscriber;
    const ofKey = this.byKey.get(keyId);
    ofKey?.delete(session);
    if (ofKey?.size === 0) this.byKey.delete(keyId);
    const room = this.rooms.get(environmentId);
    room?.members.delete(session);
    if (room?.members.size === 0) this.rooms.delete(environmentId);
  }

  all(): Iterable<SyncSession> {
    return this.sessions;
  }

  /** Cuts whoever takes nothing, and whoever answers no ping. @param now milliseconds, monotonic. */
  cutStalled(now: number): void {
    const { stallMs, pingMs } = this.config;
    for (const session of [...this.sessions]) {
      const { vitals } = session;
      if (!vitals.isStalled(now, stallMs) && !vitals.isSilent(now, MISSED_PINGS * pingMs)) continue;
      this.cuts += 1;
      session.cut();
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

  figures(): SyncFigures {
    const all = [...this.sessions];
    const lagging = all.filter((session) => session.isLagging).length;
    const counts = TRANSPORTS.map((name) => [name, all.filter(({ form }) => form.transport === name).length]);
    const connections = Object.fromEntries(counts) as Record<Transport, number>;
    const { deliveries, published } = this.traffic;
    const bytes = this.traffic.bytes(all.map(({ outlet }) => outlet));
    return {
      connections,
      lagging,
      encodings: this.encodings,
      cuts: this.cuts,
      refused: { ...this.refused },
      deliveries: { ...deliveries },
      bytes,
      published,
    };
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
  }

  private full(limit: ConnectionLimit): Refusal {
    this.refused[limit] += 1;
    return { reason: 'overload', limit };
  }

  private newRoom(environmentId: string): EnvironmentRoom {
    const { feed, resumption, frames, traffic } = this;
    const { lagBytes, tailMs: askAgainMs } = this.config;
    const room = new EnvironmentRoom(environmentId, { feed, resumption, frames, traffic, lagBytes, askAgainMs });
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
    const room = this.rooms.get(environment.id);
    if (room !== undefined) this.traffic.timed(() => room.publish(sets));
  }

  private endKey({ keyId, reason }: KeyDeath): void {
    this.sendAway(this.byKey.get(keyId) ?? [], reason);
  }

  private sendAway(sessions: Iterable<SyncSession>, reason: GoodbyeReason): void {
    forEachSafely(sessions, (session) => session.goodbye(reason, this.advice.retryAfter(reason)));
  }
}
