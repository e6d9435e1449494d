import { type Cursor, type GoodbyeReason, NO_CURSOR, parseCursor, type SyncMode } from '@flagwire/protocol/sync';
import { DatabaseUnavailable, NotFound } from '../common/errors.js';
import { type EncodedChangeSet } from '../changes/encoded-change-set.js';
import { cursorText, type Subscription } from '../changes/subscription.js';
import { type Plan } from '../changes/resumption.js';
import { controlText, opening } from './event-stream.js';
import { Frame } from './frame.js';
import { type Outlet } from './outlet.js';
import { SendQueue } from './send-queue.js';
import { type SessionRoom } from './session-room.js';
import { type SnapshotReader } from './snapshots.js';

/** A decision that takes longer opens the stream undecided: it only pings until then. */
const DECIDE_MS = 2000;

/** A change set with the frames that a subscription gets of it: one at least. */
export interface Delivery {
  set: EncodedChangeSet;
  frames: readonly Frame[];
}

/** Who a session belongs to. */
export interface Subscriber {
  connectionId: string;
  keyId: string;
  subscription: Subscription;
}

/**
 * One connection, as a state machine. It has a cursor, not a queue: what it has to be told follows from where it stands.
 *
 * ```
 * opening ──decided──► feeding ──has everything──► live
 *    │                    ▲                          │  too much unsent, a large change set,
 *    │                    └──────────────────────────┘  or a replica that was loaded anew
 *    └───────────────── any of them ────────────────────► ended (goodbye, cut, or the peer left)
 * ```
 *
 * `feeding` sends one slice at a time, each when the one before has left the process. `live` gets the shared frames of
 * its room. Joining the room and finding nothing left to send happen in one synchronous turn.
 */
export class SyncSession implements SnapshotReader {
  private state: 'opening' | 'feeding' | 'live' | 'ended' = 'opening';
  private readonly queue: SendQueue;
  /** The connection's first sync goes on until `SyncComplete`. */
  private completing = false;
  /** Waits for the connection to drain, or for the log. */
  private busy = false;
  private openingSent = false;
  /** What the client says it has, until the first full sync begins. */
  private presented = NO_CURSOR;
  private lastProgress: number | null = null;
  private lastProgressAt = 0;
  private retryTimer: NodeJS.Timeout | null = null;
  private lateTimer: NodeJS.Timeout | null = null;

  constructor(
    readonly subscriber: Subscriber,
    readonly outlet: Outlet,
    private readonly room: SessionRoom<SyncSession>,
    private readonly retryMs: number,
  ) {
    this.queue = new SendQueue(outlet, this);
  }

  get isLive(): boolean {
    return this.state === 'live';
  }

  get isEnded(): boolean {
    return this.state === 'ended';
  }

  get isLagging(): boolean {
    return this.state === 'feeding' && !this.completing && !this.queue.isInSnapshot;
  }

  /** The cursor up to which the connection has everything. */
  get cursor(): string {
    const at = this.state === 'live' ? this.room.head : this.queue.settled;
    return at === null ? this.presented : cursorText(at, this.subscriber.subscription);
  }

  /** Begins with the cursor that the client presented; whatever cannot be read as one is a full sync. */
  begin(presentedText: string | null): void {
    this.safely(() => this.present(presentedText));
  }

  /** Change sets of the log, in order, for a session that is live. */
  deliver(parts: readonly Delivery[], lagBytes: number): void {
    for (const { set, frames } of parts) {
      const [first] = frames;
      if (this.state !== 'live' || first === undefined) return;
      // A set that fills several frames goes out at the pace of its reader.
      if (frames.length > 1) return this.fallBehind(set.before, frames, set.after);
      this.outlet.send(first);
      if (this.outlet.unsent > lagBytes) return this.fallBehind(set.after, [], set.after);
    }
  }

  /** Something for everybody that changes nothing: a ping, a heartbeat. Only where nothing is under way. */
  pulse(frame: Frame, lagBytes: number): void {
    const idle = this.state === 'live' || (this.state === 'opening' && this.openingSent);
    if (idle && this.outlet.unsent <= lagBytes) this.outlet.send(frame);
  }

  /** Whether its socket has taken nothing for `stallMs` although there is something to take. @param now milliseconds, monotonic. */
  isStalled(now: number, stallMs: number): boolean {
    const { progress, unsent } = this.outlet;
    if (unsent === 0 || progress === null || progress !== this.lastProgress) {
      this.lastProgress = progress;
      this.lastProgressAt = now;
    }
    return now - this.lastProgressAt >= stallMs;
  }

  /**
   * The replica was loaded anew: a full sync in place, after the change set that is on its way.
   * @param stood where those who were live stood until now.
   */
  reset(stood: Cursor | null): void {
    if (this.state === 'opening' || this.state === 'ended') return;
    if (this.queue.isInSnapshot) return this.startOver();
    if (this.state === 'live') this.queue.settled = stood;
    this.room.leave(this);
    this.state = 'feeding';
    this.queue.position = null;
    this.pump();
  }

  startOver(): void {
    this.queue.abandonSnapshot();
    this.pump();
  }

  /** Says goodbye and ends. @param retryAfterMs null: not to come back by itself. */
  goodbye(reason: GoodbyeReason, retryAfterMs: number | null): void {
    if (this.state === 'ended') return;
    if (this.queue.isAtMessageEnd) this.outlet.send(goodbyeFrame(this.cursor, reason, retryAfterMs));
    this.close();
    this.outlet.end();
  }

  /** Ends at once, without a word: the peer does not read. */
  cut(): void {
    this.close();
    this.outlet.destroy();
  }

  /** Lets go of everything; the connection is gone or going. */
  close(): void {
    if (this.state === 'ended') return;
    this.state = 'ended';
    this.queue.clear();
    if (this.retryTimer !== null) clearTimeout(this.retryTimer);
    if (this.lateTimer !== null) clearTimeout(this.lateTimer);
    this.room.leave(this);
  }

  private present(presentedText: string | null): void {
    const cursor = parseCursor(presentedText);
    const plan = this.room.planFromMemory(cursor, this.subscriber.subscription);
    this.presented = cursor === null || presentedText === null ? NO_CURSOR : presentedText;
    if (plan !== null) return this.start(plan, cursor);
    this.lateTimer = setTimeout(() => this.safely(() => this.sendOpening(this.presented)), DECIDE_MS);
    void this.decide(cursor);
  }

  private async decide(cursor: ReturnType<typeof parseCursor>): Promise<void> {
    try {
      const plan = await this.room.plan(cursor, this.subscriber.subscription);
      if (!this.isEnded) this.start(plan, cursor);
    } catch (error) {
      this.failed(error, () => void this.decide(cursor));
    }
  }

  private start(plan: Plan, cursor: Cursor | null): void {
    this.state = 'feeding';
    this.completing = true;
    if (plan.kind === 'full' || cursor === null) {
      this.sendOpening(NO_CURSOR);
    } else {
      this.sendOpening(this.presented);
      this.queue.settled = cursor;
      this.queue.position = cursor;
      this.outlet.send(this.syncStarted('delta', this.presented));
      this.enqueue(plan.sets);
    }
    this.pump();
  }

  /** Sends as long as the connection takes it, one slice at a time; then joins the room. */
  private pump(): void {
    this.outlet.gather(() => {
      while (this.state === 'feeding' && !this.busy) {
        if (this.outlet.needsDrain) return this.waitForDrain();
        if (!this.queue.sendNext()) this.advance();
      }
    });
  }

  private waitForDrain(): void {
    this.busy = true;
    this.outlet.onceDrained(() => this.resume());
  }

  private take(plan: Plan): void {
    if (plan.kind === 'full') this.queue.position = null;
    else this.enqueue(plan.sets);
  }

  private resume(): void {
    this.busy = false;
    this.safely(() => this.pump());
  }

  /** Everything queued has gone out: what comes next? */
  private advance(): void {
    const { subscription } = this.subscriber;
    const { position } = this.queue;
    if (position === null) return this.beginFullSync();
    const plan = this.room.planFromMemory({ ...position, filter: subscription.filterHash }, subscription);
    if (plan === null) void this.readOn(position);
    else if (plan.kind === 'full' || plan.sets.length > 0) this.take(plan);
    else if (this.completing) this.complete();
    else this.goLive();
  }

  /** The delta of a connection that has just come ends with a `SyncComplete`; a full sync has its own. */
  private complete(): void {
    this.completing = false;
    const flag_count = this.room.flagCount(this.subscriber.subscription);
    this.outlet.send(Frame.of(controlText(this.cursor, { type: 'SyncComplete', data: { flag_count } })));
  }

  private goLive(): void {
    this.state = 'live';
    this.room.join(this);
  }

  private beginFullSync(): void {
    this.presented = NO_CURSOR;
    this.completing = false;
    const generation = this.room.enterSnapshot(this);
    const frames = this.room.snapshot(generation, this.subscriber.subscription);
    this.queue.addSnapshot(generation, this.syncStarted('full', NO_CURSOR), frames);
  }

  private async readOn(position: Cursor): Promise<void> {
    this.busy = true;
    try {
      const plan = await this.room.next(position, this.subscriber.subscription);
      this.busy = false;
      if (this.isEnded) return;
      // A reset that came meanwhile wants a full sync, whatever the log said. And that nothing is missing is never taken from
      // an answer that was waited for: by now it may be. `pump` asks memory, in the turn in which it joins the room.
      if (this.queue.position === position) this.take(plan);
      this.pump();
    } catch (error) {
      this.failed(error, () => this.resume());
    }
  }

  private failed(error: unknown, again: () => void): void {
    if (this.isEnded) return;
    if (error instanceof DatabaseUnavailable) this.retryTimer = setTimeout(again, this.room.askAgainMs);
    else if (error instanceof NotFound) this.safely(() => this.goodbye('environment_deleted', null));
    else this.cut();
  }

  /** For what a timer, the log or the connection calls: a throw ends this connection, and not the process. */
  private safely(act: () => void): void {
    try {
      act();
    } catch {
      this.cut();
    }
  }

  /** Leaves the room: from now on it is fed by its cursor. */
  private fallBehind(settled: Cursor, frames: readonly Frame[], reached: Cursor): void {
    this.room.leave(this);
    this.state = 'feeding';
    this.queue.settled = settled;
    this.queue.add(frames, reached);
    this.pump();
  }

  private enqueue(sets: readonly EncodedChangeSet[]): void {
    for (const set of sets) this.queue.add(this.room.framesOf(set, this.subscriber.subscription), set.after);
  }

  private sendOpening(id: string): void {
    if (this.openingSent || this.isEnded) return;
    if (this.lateTimer !== null) clearTimeout(this.lateTimer);
    this.openingSent = true;
    this.outlet.send(Frame.of(opening(id, this.retryMs)));
  }

  private syncStarted(mode: SyncMode, id: string): Frame {
    const { connectionId: connection_id } = this.subscriber;
    return Frame.of(controlText(id, { type: 'SyncStarted', data: { mode, connection_id, protocol: 1 } }));
  }
}

/** The last words, with the delay that the client shall keep before it. */
export function goodbyeFrame(id: string, reason: GoodbyeReason, retryAfterMs: number | null): Frame {
  const goodbye = controlText(id, { type: 'Goodbye', data: { reason, retry_after_ms: retryAfterMs } });
  return Frame.of(retryAfterMs === null ? goodbye : opening(id, retryAfterMs) + goodbye);
}
