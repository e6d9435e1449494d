import { type ControlMessage, type Cursor, type GoodbyeReason, NO_CURSOR, type PresentedCursor } from '@flagwire/protocol/sync';
import { DatabaseUnavailable, NotFound } from '../common/errors.js';
import { type Subscription } from '../changes/subscription.js';
import { type Plan } from '../changes/resumption.js';
import { type ClientName } from '../receipts/client-name.js';
import { type ClientReceipt, type Source } from '../receipts/client-receipt.js';
import { type Batch, type Stretch } from './batch.js';
import { type Listener } from './broadcast.js';
import { CatchUp, type Fed } from './catch-up.js';
import { type Holder } from './connection-quota.js';
import { sayGoodbye } from './farewell.js';
import { type Form, openText } from './form.js';
import { type Frame } from './frame.js';
import { type HubSession } from './hub-session.js';
import { Opening } from './opening.js';
import { type EndReason, type Outlet } from './outlet.js';
import { type SessionRoom } from './session-room.js';
import { Standing } from './standing.js';
import { type CutReason } from './sync-figures.js';
import { Vitals } from './vitals.js';
import { Wish } from './wish.js';

/** Requests that wait for the connection to have everything before them. */
const MOST_ASKED = 100;

/** Who a session belongs to. */
export interface Subscriber {
  readonly connectionId: string;
  readonly holder: Holder;
  /** What it wants at first. */
  readonly subscription: Subscription;
  /** As it names itself; null: it does not. */
  readonly client: ClientName | null;
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
 * `feeding` is the work of `CatchUp`. `live` gets the shared frames of its room. Joining the room and finding nothing left to send
 * happen in one synchronous turn. Requests of the peer are answered while it is live: so an answer comes after all that was to be
 * sent before it, and shows the state at that point.
 */
export class SyncSession implements HubSession, Listener, Fed, Source {
  private state: 'opening' | 'feeding' | 'live' | 'ended' = 'opening';
  readonly vitals: Vitals;
  readonly wish: Wish;
  /** What is known of what the client has. */
  readonly receipt: ClientReceipt;
  /** Counts while it is live. */
  private readonly standing: Standing;
  private readonly opening: Opening;
  private readonly catchUp: CatchUp;
  private retryTimer: NodeJS.Timeout | null = null;
  private asked: (() => void)[] = [];

  constructor(
    readonly subscriber: Subscriber,
    readonly outlet: Outlet,
    private readonly room: SessionRoom<SyncSession>,
    retryMs: number,
  ) {
    this.wish = new Wish(subscriber.subscription);
    this.vitals = new Vitals(outlet);
    const { connectionId, client, holder } = subscriber;
    this.receipt = room.enter({ connectionId, client, keyId: holder.keyId, transport: outlet.form.transport }, this);
    this.standing = new Standing(room);
    this.opening = new Opening(outlet, retryMs);
    this.catchUp = new CatchUp(this, room);
  }

  get connectionId(): string {
    return this.subscriber.connectionId;
  }

  get form(): Form {
    return this.outlet.form;
  }

  /** What the peer wants now. */
  get subscription(): Subscription {
    return this.wish.subscription;
  }

  get isLive(): boolean {
    return this.state === 'live';
  }

  get isEnded(): boolean {
    return this.state === 'ended';
  }

  get isLagging(): boolean {
    return this.catchUp.isLagging;
  }

  /** The cursor up to which the connection has everything. */
  get cursor(): string {
    if (this.state === 'opening') return this.opening.presented;
    const at = this.wish.isMuted ? null : this.standsAt;
    return at === null ? NO_CURSOR : this.wish.cursorAt(at);
  }

  get standsAt(): Cursor | null {
    if (this.state === 'live') return this.standing.at;
    return this.state === 'feeding' ? this.catchUp.settled : null;
  }

  get wantsNothing(): boolean {
    return this.wish.isMuted;
  }

  get unsent(): number {
    return this.outlet.unsent;
  }

  get isWhole(): boolean {
    return this.subscription.filter === null;
  }

  get ackEveryMs(): number {
    return this.room.ackEveryMs;
  }

  /** Begins with the cursor that the client presented; whatever cannot be read as one is a full sync. */
  begin(presentedText: string | null): void {
    this.safely(() => this.present(presentedText));
  }

  /** Change sets of the log, in order, for a session that is live. */
  deliver(batch: Batch): void {
    const parts = this.standing.lacking(batch);
    if (parts.length === 0) return;
    // What fills several frames goes out at the pace of its reader.
    if (batch.frame === null || parts !== batch.parts) return this.fallBehind(parts);
    this.outlet.send(batch.frame);
    this.standing.reach(batch.to);
    const { unsent } = this.outlet;
    for (const { reached } of parts) this.receipt.handed(reached.revision, unsent);
    if (unsent > this.room.lagBytes) this.fallBehind();
  }

  /** Something for everybody that changes nothing: a ping, a heartbeat. Only where no message is under way. */
  pulse(frame: Frame): void {
    const idle = this.state === 'live' || (this.state === 'opening' && this.opening.isSaid) || this.catchUp.isWaiting;
    if (idle && !this.isFull) this.outlet.send(frame);
  }

  /**
   * The replica was loaded anew: a full sync in place, after the change set that is on its way.
   * @param stood where those who were live stood until now.
   */
  reset(stood: Cursor | null): void {
    if (this.state === 'opening' || this.state === 'ended') return;
    if (this.catchUp.isInSnapshot) return this.catchUp.startOver();
    if (this.wish.isMuted) return;
    const settled = this.isLive && stood !== null ? this.standing.beside(stood) : this.catchUp.settled;
    this.leaveRoom();
    this.catchUp.renew(settled);
  }

  /** Says goodbye, but in the midst of a change set, and ends. @param retryAfterMs null: not to come back by itself. */
  goodbye(reason: GoodbyeReason, retryAfterMs: number | null): void {
    if (this.state === 'ended') return;
    if (this.catchUp.mayInterrupt) sayGoodbye(this.outlet, this.cursor, reason, retryAfterMs);
    this.end(reason);
  }

  /** Ends in order, after what was sent. */
  end(reason: EndReason): void {
    if (this.state === 'ended') return;
    this.close();
    this.outlet.end(reason);
  }

  /** Ends at once, without a word. @param error the throw that it is cut for. */
  cut(reason: CutReason, error?: unknown): void {
    if (this.state !== 'ended') this.room.noteCut(reason, error);
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
    if (this.asked.length > MOST_ASKED) this.cut('unread');
  }

  /** The client has applied everything up to this cursor, so many milliseconds ago. */
  acknowledge(cursor: string, waitedMs: number): void {
    const { connectionId, holder } = this.subscriber;
    this.room.acknowledge({ connectionId, keyId: holder.keyId, cursor, waitedMs });
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
    this.leaveRoom();
    this.wish.subscription = subscription;
    this.wish.isMuted = false;
    // Of the flags that it wants now it may have none.
    this.catchUp.answer(requestId, null);
  }

  /** A full sync of what it wants, to this peer alone; only in an answer. */
  syncAnew(requestId: string | undefined): void {
    const settled = this.wish.isMuted ? null : this.standsAt;
    this.leaveRoom();
    this.catchUp.answer(requestId, settled);
  }

  /** No more events; only in an answer. */
  unsubscribe(): void {
    this.room.leave(this);
    this.standing.reach(null);
    this.wish.isMuted = true;
  }

  /** Lets go of everything; the connection is gone or going. */
  close(): void {
    if (this.state === 'ended') return;
    this.state = 'ended';
    this.asked = [];
    this.catchUp.stop();
    if (this.retryTimer !== null) clearTimeout(this.retryTimer);
    this.opening.stop();
    this.room.leave(this);
    this.room.exit(this.receipt);
  }

  caughtUp(): void {
    this.state = 'live';
    this.standing.reach(this.wish.isMuted ? null : this.room.join(this));
    this.answer();
  }

  failed(error: unknown, again: () => void): void {
    if (this.isEnded) return;
    if (error instanceof DatabaseUnavailable) this.retryTimer = setTimeout(again, this.room.askAgainMs);
    else if (error instanceof NotFound) this.safely(() => this.goodbye('environment_deleted', null));
    else this.cut('error', error);
  }

  /** A throw ends this connection, and not the process. */
  safely(act: () => void): void {
    try {
      act();
    } catch (error) {
      this.cut('error', error);
    }
  }

  private get isFull(): boolean {
    return this.outlet.unsent > this.room.lagBytes;
  }

  private present(presentedText: string | null): void {
    const cursor = this.opening.read(presentedText);
    const plan = this.room.planFromMemory(cursor, this.subscription);
    if (plan !== null) return this.start(plan, cursor);
    this.opening.await(() => this.safely(() => this.opening.say(this.opening.presented)));
    void this.decide(cursor);
  }

  private async decide(cursor: PresentedCursor | null): Promise<void> {
    try {
      const plan = await this.room.plan(cursor, this.subscription);
      if (!this.isEnded) this.start(plan, cursor);
    } catch (error) {
      this.failed(error, () => void this.decide(cursor));
    }
  }

  private start(plan: Plan, cursor: Cursor | null): void {
    this.state = 'feeding';
    if (plan.kind === 'full' || cursor === null) {
      this.opening.say(NO_CURSOR);
      this.catchUp.begin();
    } else {
      this.opening.say(this.opening.presented);
      this.receipt.resumed(cursor.revision);
      this.catchUp.resume(cursor, plan.sets);
    }
  }

  private answer(): void {
    while (this.state === 'live' && this.asked.length > 0) {
      // Whoever asks does not wait for its turn in a round: the answer shows the state at its place.
      if (this.standing.isBehind) this.fallBehind();
      else this.asked.shift()?.();
      if (this.isLive && this.isFull) this.fallBehind();
    }
  }

  private tell(text: string, requestId: string | undefined): void {
    const frames = [...this.form.pack([this.form.text({ openText: text, id: this.cursor, requestId })])];
    // What fills several frames goes out at the pace of its reader.
    if (frames.length > 1) this.fallBehind([{ frames, reached: this.standing.at }]);
    else frames.forEach((frame) => this.outlet.send(frame));
  }

  /** A live session is fed by its cursor from now on, first by what leads on from there. */
  private fallBehind(next: readonly Stretch[] = []): void {
    const { at } = this.standing;
    this.leaveRoom();
    this.catchUp.goOn(at, next);
  }

  private leaveRoom(): void {
    this.room.leave(this);
    this.state = 'feeding';
  }
}
