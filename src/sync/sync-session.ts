import {
  type ControlMessage,
  type Cursor,
  type GoodbyeReason,
  NO_CURSOR,
  type PresentedCursor,
  type SyncMode,
} from '@flagwire/protocol/sync';
import { DatabaseUnavailable, NotFound } from '../common/errors.js';
import { type EncodedChangeSet } from '../changes/encoded-change-set.js';
import { cursorText, type Subscription } from '../changes/subscription.js';
import { type Plan } from '../changes/resumption.js';
import { type Holder } from './connection-quota.js';
import { sayGoodbye } from './farewell.js';
import { type Form, frameOf, openText } from './form.js';
import { type Frame } from './frame.js';
import { Opening } from './opening.js';
import { type EndReason, type Outlet } from './outlet.js';
import { SendQueue } from './send-queue.js';
import { type SessionRoom } from './session-room.js';
import { type SnapshotReader } from './snapshots.js';
import { Vitals } from './vitals.js';

/** Requests that wait for the connection to have everything before them. */
const MOST_ASKED = 100;

/** A change set with the frames that a subscription gets of it: one at least. */
export interface Delivery {
  set: EncodedChangeSet;
  frames: readonly Frame[];
}

/** Who a session belongs to. */
export interface Subscriber {
  readonly connectionId: string;
  readonly holder: Holder;
  /** What it wants at first. */
  readonly subscription: Subscription;
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
 * its room. Joining the room and finding nothing left to send happen in one synchronous turn. Requests of the peer are
 * answered while it is live: so an answer comes after all that was to be sent before it, and shows the state at that point.
 */
export class SyncSession implements SnapshotReader {
  private state: 'opening' | 'feeding' | 'live' | 'ended' = 'opening';
  readonly vitals: Vitals;
  private readonly opening: Opening;
  private readonly queue: SendQueue;
  /** The connection's first sync goes on until `SyncComplete`. */
  private completing = false;
  /** Waits for the connection to drain, or for the log. */
  private busy = false;
  private retryTimer: NodeJS.Timeout | null = null;
  private wanted: Subscription;
  /** The peer wants no events. */
  private muted = false;
  /** Of the request that the full sync under way answers. */
  private requestId: string | undefined;
  private asked: (() => void)[] = [];

  constructor(
    readonly subscriber: Subscriber,
    readonly outlet: Outlet,
    private readonly room: SessionRoom<SyncSession>,
    retryMs: number,
  ) {
    this.queue = new SendQueue(outlet, this);
    this.vitals = new Vitals(outlet);
    this.opening = new Opening(outlet, retryMs);
    this.wanted = subscriber.subscription;
  }

  get form(): Form {
    return this.outlet.form;
  }

  /** What the peer wants now. */
  get subscription(): Subscription {
    return this.wanted;
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
    if (this.muted) return NO_CURSOR;
    const at = this.state === 'live' ? this.room.head : this.queue.settled;
    return at === null ? this.opening.presented : cursorText(at, this.wanted);
  }

  /** Begins with the cursor that the client presented; whatever cannot be read as one is a full sync. */
  begin(presentedText: string | null): void {
    this.safely(() => this.present(presentedText));
  }

  /** Change sets of the log, in order, for a session that is live. */
  deliver(parts: readonly Delivery[]): void {
    for (const { set, frames } of parts) {
      const [first] = frames;
      if (this.state !== 'live' || first === undefined) return;
      // A set that fills several frames goes out at the pace of its reader.
      if (frames.length > 1) return this.fallBehind(set.before, frames, set.after);
      this.outlet.send(first);
      if (this.isFull) return this.fallBehind(set.after, [], set.after);
    }
  }

  /** Something for everybody that changes nothing: a ping, a heartbeat. Only where nothing is under way. */
  pulse(frame: Frame): void {
    const idle = this.state === 'live' || (this.state === 'opening' && this.opening.isSaid);
    if (idle && !this.isFull) this.outlet.send(frame);
  }

  /**
   * The replica was loaded anew: a full sync in place, after the change set that is on its way.
   * @param stood where those who were live stood until now.
   */
  reset(stood: Cursor | null): void {
    if (this.state === 'opening' || this.state === 'ended') return;
    if (this.queue.isInSnapshot) return this.startOver();
    if (this.muted) return;
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
    if (this.queue.isAtMessageEnd) sayGoodbye(this.outlet, this.cursor, reason, retryAfterMs);
    this.end(reason);
  }

  /** Ends in order, after what was sent. */
  end(reason: EndReason): void {
    if (this.state === 'ended') return;
    this.close();
    this.outlet.end(reason);
  }

  /** Ends at once, without a word: the peer does not read. */
  cut(): void {
    this.close();
    this.outlet.destroy();
  }

  /**
   * Calls back as soon as everything before has been sent; at once on a live connection.
   * A peer that asks for more than it reads is sent away.
   */
  ask(answer: () => void): void {
    if (this.state === 'ended') return;
    this.asked.push(answer);
    this.safely(() => this.answer());
    if (this.asked.length > MOST_ASKED) this.cut();
  }

  /** One message to this peer alone; only in an answer. */
  say(message: ControlMessage, requestId: string | undefined): void {
    this.tell(openText(message), requestId);
  }

  /** The flag as it is now, to this peer alone; only in an answer. @returns false where there is none. */
  tellFlag(flagId: string, requestId: string | undefined): boolean {
    const json = this.room.flagJson(flagId);
    if (json !== undefined) this.tell(`{"type":"FlagUpdated","data":${json}`, requestId);
    return json !== undefined;
  }

  /** A full sync to this peer alone, of the flags that it wants from now on; only in an answer. */
  subscribe(subscription: Subscription, requestId: string | undefined): void {
    this.room.leave(this);
    this.wanted = subscription;
    this.muted = false;
    this.syncAnew(requestId);
  }

  /** A full sync of what it wants, to this peer alone; only in an answer. */
  syncAnew(requestId: string | undefined): void {
    this.room.leave(this);
    this.requestId = requestId;
    this.state = 'feeding';
    this.queue.position = null;
    this.pump();
  }

  /** No more events; only in an answer. */
  unsubscribe(): void {
    this.room.leave(this);
    this.muted = true;
  }

  /** Lets go of everything; the connection is gone or going. */
  close(): void {
    if (this.state === 'ended') return;
    this.state = 'ended';
    this.asked = [];
    this.queue.clear();
    if (this.retryTimer !== null) clearTimeout(this.retryTimer);
    this.opening.stop();
    this.room.leave(this);
  }

  private get isFull(): boolean {
    return this.outlet.unsent > this.room.lagBytes;
  }

  private present(presentedText: string | null): void {
    const cursor = this.opening.read(presentedText);
    const plan = this.room.planFromMemory(cursor, this.wanted);
    if (plan !== null) return this.start(plan, cursor);
    this.opening.await(() => this.safely(() => this.opening.say(this.opening.presented)));
    void this.decide(cursor);
  }

  private async decide(cursor: PresentedCursor | null): Promise<void> {
    try {
      const plan = await this.room.plan(cursor, this.wanted);
      if (!this.isEnded) this.start(plan, cursor);
    } catch (error) {
      this.failed(error, () => void this.decide(cursor));
    }
  }

  private start(plan: Plan, cursor: Cursor | null): void {
    this.state = 'feeding';
    this.completing = true;
    if (plan.kind === 'full' || cursor === null) {
      this.opening.say(NO_CURSOR);
    } else {
      const { presented } = this.opening;
      this.opening.say(presented);
      this.queue.settled = cursor;
      this.queue.position = cursor;
      this.outlet.send(this.syncStarted('delta', presented));
      this.enqueue(plan.sets);
    }
    this.pump();
  }

  /** Sends as long as the connection takes it, one slice at a time; then joins the room. */
  private pump(): void {
    this.outlet.gather(() => {
      while (this.state === 'feeding' && !this.busy) {
        this.busy = this.outlet.needsDrain;
        if (this.busy) return this.outlet.onceDrained(() => this.resume());
        if (!this.queue.sendNext()) this.advance();
      }
    });
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
    const { wanted: subscription } = this;
    const { position } = this.queue;
    if (position === null) return this.beginFullSync();
    if (this.muted) return this.goLive();
    const plan = this.room.planFromMemory({ ...position, filter: subscription.filterHash }, subscription);
    if (plan === null) void this.readOn(position);
    else if (plan.kind === 'full' || plan.sets.length > 0) this.take(plan);
    else if (this.completing) this.complete();
    else this.goLive();
  }

  /** The delta of a connection that has just come ends with a `SyncComplete`; a full sync has its own. */
  private complete(): void {
    this.completing = false;
    const flag_count = this.room.flagCount(this.wanted);
    this.outlet.send(this.control(this.cursor, { type: 'SyncComplete', data: { flag_count } }));
  }

  private goLive(): void {
    this.state = 'live';
    this.requestId = undefined;
    if (!this.muted) this.room.join(this);
    this.answer();
  }

  private answer(): void {
    while (this.state === 'live') {
      const next = this.asked.shift();
      if (next === undefined) return;
      next();
      if (this.isLive && this.isFull) this.fallBehind(this.room.head, [], this.room.head);
    }
  }

  private tell(text: string, requestId: string | undefined): void {
    const frames = [...this.form.pack([this.form.text({ openText: text, id: this.cursor, requestId })])];
    // What fills several frames goes out at the pace of its reader.
    if (frames.length > 1) this.fallBehind(this.room.head, frames, this.room.head);
    else frames.forEach((frame) => this.outlet.send(frame));
  }

  private beginFullSync(): void {
    this.opening.presented = NO_CURSOR;
    this.completing = false;
    const { wanted, form, requestId } = this;
    const generation = this.room.enterSnapshot(this);
    const id = this.muted ? NO_CURSOR : cursorText(generation.cursor, wanted);
    const isShared = requestId === undefined && !this.muted;
    const frames = isShared
      ? this.room.snapshot(generation, wanted, form)
      : this.room.ownSnapshot(wanted, form, { id, requestId });
    this.queue.addSnapshot(generation, this.syncStarted('full', NO_CURSOR), frames);
  }

  private async readOn(position: Cursor): Promise<void> {
    this.busy = true;
    try {
      const plan = await this.room.next(position, this.wanted);
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
    for (const set of sets) this.queue.add(this.room.framesOf(set, this.wanted, this.form), set.after);
  }

  private syncStarted(mode: SyncMode, id: string): Frame {
    const { connectionId: connection_id } = this.subscriber;
    return this.control(id, { type: 'SyncStarted', data: { mode, connection_id, protocol: 1 } });
  }

  private control(id: string, message: ControlMessage): Frame {
    return frameOf(this.form, { openText: openText(message), id, requestId: this.requestId });
  }
}
