import { Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { formatCursor, NO_CURSOR, parseCursor, type PresentedCursor } from '@flagwire/protocol/sync';
import { type Subscription } from 'rxjs';
import { ChangeFeed, type FeedUpdate } from '../../changes/change-feed.js';
import { type EnvironmentReplica } from '../../changes/environment-replica.js';
import { assertNever } from '../../common/assert.js';
import { Clock } from '../../common/clock.js';
import { Random } from '../../common/random.js';
import { type NoticeSession } from '../../sync/notice-session.js';
import { type OpenedStream, type OpenStream } from '../../sync/session-handshake.js';
import { type NoticeHolder, type Refusal, SyncHub } from '../../sync/sync-hub.js';
import { isUpToDate, NoticeRoom } from './notice-room.js';

/** How exactly notices keep to their time. */
const TICK_MS = 25;
/** Between the flags that a client has asked for and its stream there may be a change of which it would not hear. */
const GAP_MS = 10_000;

/** The notice streams of this node, and the road from the feed to them. They are counted, kept alive and ended by the hub. */
@Injectable()
export class NoticeStreams implements OnApplicationShutdown {
  private readonly rooms = new Map<string, NoticeRoom>();
  /** Monotonic milliseconds of the last change, by environment. */
  private readonly changedAt = new Map<string, number>();
  private readonly following: Subscription;
  private ticking: NodeJS.Timeout | null = null;

  constructor(
    private readonly feed: ChangeFeed,
    private readonly hub: SyncHub,
    private readonly clock: Clock,
    private readonly random: Random,
  ) {
    this.following = feed.updates.subscribe((update) => this.follow(update));
  }

  onApplicationShutdown(): void {
    this.following.unsubscribe();
    this.rest();
  }

  /** What says to a client that it cannot be served now. */
  refused(refusal: Refusal, presented: string | null): OpenStream {
    return (outlet) => ({ begin: () => this.hub.turnAway(outlet, refusal, presented), close: () => undefined });
  }

  /** @param presented the id of the last notice that the client got; null: it had no stream. */
  served(holder: NoticeHolder, presented: string | null): OpenStream {
    return (outlet): OpenedStream => {
      const { environmentId } = holder;
      const replica = this.feed.replica(environmentId);
      const refusal = this.hub.refusal(holder);
      if (refusal !== null) return this.refused(refusal, presented)(outlet);
      if (replica === undefined) return this.refused({ reason: 'overload', limit: null }, presented)(outlet);
      const room = this.rooms.get(environmentId) ?? new NoticeRoom(this.random);
      this.rooms.set(environmentId, room);
      const session = this.hub.openNotices(holder, outlet, this.idFor(presented, replica));
      room.join(session);
      return {
        begin: () => this.begin(session, presented, environmentId),
        close: () => {
          this.hub.dismiss(session);
          room.leave(session);
          if (room.isEmpty && this.rooms.get(environmentId) === room) this.rooms.delete(environmentId);
        },
      };
    };
  }

  /** Until it has got what it missed, its id stays what it presented. */
  private idFor(presented: string | null, replica: EnvironmentReplica): string {
    if (presented !== null) return parseCursor(presented) === null ? NO_CURSOR : presented;
    return this.mayHaveMissed(replica) ? NO_CURSOR : formatCursor(replica.head, null);
  }

  private mayHaveMissed({ environment }: EnvironmentReplica): boolean {
    return this.clock.monotonic() - (this.changedAt.get(environment.id) ?? -Infinity) < GAP_MS;
  }

  private begin(session: NoticeSession, presented: string | null, environmentId: string): void {
    session.begin();
    const cursor = parseCursor(session.cursor);
    if (presented !== null && cursor !== null && this.isNews(cursor, environmentId)) {
      // Where the log cannot be read, the next change that this node learns of is a notice to all.
      this.feed.catchUp().then(
        () => this.settle(session, cursor, environmentId),
        () => undefined,
      );
      return;
    }
    this.settle(session, cursor, environmentId);
  }

  /** Whether the client may know more than this node. */
  private isNews(cursor: PresentedCursor, environmentId: string): boolean {
    return ['ahead', 'foreign'].includes(this.feed.replica(environmentId)?.standing(cursor).kind ?? 'ahead');
  }

  private settle(session: NoticeSession, cursor: PresentedCursor | null, environmentId: string): void {
    const replica = this.feed.replica(environmentId);
    if (replica === undefined || isUpToDate(cursor, replica)) return;
    this.rooms.get(environmentId)?.missed(session, this.clock.monotonic());
    this.tick();
  }

  private follow(update: FeedUpdate): void {
    switch (update.kind) {
      case 'changed':
        return this.publish(update.replica, isCritical(update));
      case 'reset':
        return this.publish(update.replica, false);
      case 'removed':
        this.changedAt.delete(update.environmentId);
        return; // Its keys are gone, too: the hub ends their streams.
      case 'keys':
        return;
      default:
        return assertNever(update);
    }
  }

  private publish({ environment }: EnvironmentReplica, critical: boolean): void {
    const now = this.clock.monotonic();
    this.changedAt.set(environment.id, now);
    this.rooms.get(environment.id)?.changed(critical, now);
    this.tick();
  }

  /** Sends what is due; one timer for all connections, while somebody is still to get a notice. */
  private tick(): void {
    const now = this.clock.monotonic();
    let isOwed = false;
    for (const [environmentId, room] of this.rooms) {
      const replica = this.feed.replica(environmentId);
      if (replica !== undefined && room.send(replica, now)) isOwed = true;
    }
    if (!isOwed) this.rest();
    else this.ticking ??= setInterval(() => this.tick(), TICK_MS);
  }

  private rest(): void {
    if (this.ticking !== null) clearInterval(this.ticking);
    this.ticking = null;
  }
}

/** Whether a flag is among the changes that is marked so, such as a kill switch. */
function isCritical({ replica, sets }: Extract<FeedUpdate, { kind: 'changed' }>): boolean {
  return sets.some(({ events }) =>
    events.some((event) => {
      if (event.type === 'FlagDeleted') return false;
      const flag = event.type === 'FlagStatusChanged' ? replica.flag(event.data.flag_id)?.definition : event.data;
      return flag?.metadata.critical === true;
    }),
  );
}
