import { type ControlMessage, type Cursor, NO_CURSOR, type SyncMode } from '@flagwire/protocol/sync';
import { type EncodedChangeSet } from '../changes/encoded-change-set.js';
import { type Plan } from '../changes/resumption.js';
import { type ClientReceipt } from '../receipts/client-receipt.js';
import { type Stretch } from './batch.js';
import { frameOf, openText } from './form.js';
import { type Frame } from './frame.js';
import { type Outlet } from './outlet.js';
import { SendQueue } from './send-queue.js';
import { type Archive } from './session-room.js';
import { type SnapshotReader } from './snapshots.js';
import { type Wish } from './wish.js';

/** Whose connection is fed. */
export interface Fed {
  readonly connectionId: string;
  readonly wish: Wish;
  /** Told of whatever has been sent as a whole. */
  readonly receipt: ClientReceipt;
  /** Milliseconds between two acknowledgements. */
  readonly ackEveryMs: number;
  readonly outlet: Outlet;
  /** Everything has been sent: what comes next, in this turn, is missed by nobody. */
  caughtUp(): void;
  /** The log could not be read. @param again reads on. */
  failed(error: unknown, again: () => void): void;
  /** Runs what a timer, the log or the connection calls. */
  safely(act: () => void): void;
}

/**
 * Feeds one connection from where it stands until there is nothing left to send: a full sync, or change sets of the log, one slice at
 * a time, each when the one before has left the process.
 */
export class CatchUp implements SnapshotReader {
  private readonly queue: SendQueue;
  private isFeeding = false;
  /** The connection's first sync goes on until `SyncComplete`. */
  private isFirst = false;
  /** Waits for the connection to drain, or for the log. */
  private isBusy = false;
  /** Of the request that the full sync under way answers. */
  private requestId: string | undefined;

  constructor(
    private readonly fed: Fed,
    private readonly archive: Archive,
  ) {
    this.queue = new SendQueue(fed.outlet, this, ({ revision }) => fed.receipt.handed(revision, fed.outlet.unsent));
  }

  /** Up to where the connection has everything; null: nothing. */
  get settled(): Cursor | null {
    return this.queue.settled;
  }

  /** Whether something else may be said now. */
  get mayInterrupt(): boolean {
    return this.queue.mayInterrupt;
  }

  get isInSnapshot(): boolean {
    return this.queue.isInSnapshot;
  }

  /** It could not keep up with change sets. */
  get isLagging(): boolean {
    return this.isFeeding && !this.isFirst && !this.isInSnapshot;
  }

  /** Whether it waits for the log: everything read so far has gone out, and the end of a message. */
  get isWaiting(): boolean {
    return this.isFeeding && this.isBusy && !this.fed.outlet.needsDrain;
  }

  /** The first sync of a connection that has nothing. */
  begin(): void {
    this.isFirst = true;
    this.feed();
  }

  /** The first sync of a connection that has everything up to `cursor`. */
  resume(cursor: Cursor, sets: readonly EncodedChangeSet[]): void {
    const { outlet, wish } = this.fed;
    this.isFirst = true;
    this.queue.settled = cursor;
    this.queue.position = cursor;
    outlet.send(this.syncStarted('delta', wish.cursorAt(cursor)));
    this.enqueue(sets);
    this.feed();
  }

  /** Goes on from `settled`, first by what leads on from there. */
  goOn(settled: Cursor, next: readonly Stretch[]): void {
    this.queue.settled = settled;
    this.queue.position = settled;
    for (const { frames, reached } of next) this.queue.add(frames, reached);
    this.feed();
  }

  /** A full sync after what is on its way. @param settled up to where the connection has everything until that begins. */
  renew(settled: Cursor | null): void {
    // A full sync that a request still waits for answers it; one that has gone out has done so.
    if (this.queue.position !== null) this.requestId = undefined;
    this.queue.settled = settled;
    this.queue.position = null;
    this.feed();
  }

  /** A full sync that answers a request. @param settled what the connection has, of what it wants now, until that begins. */
  answer(requestId: string | undefined, settled: Cursor | null): void {
    this.requestId = requestId;
    this.queue.settled = settled;
    this.queue.position = null;
    this.feed();
  }

  startOver(): void {
    this.queue.abandonSnapshot();
    this.pump();
  }

  stop(): void {
    this.isFeeding = false;
    this.queue.clear();
  }

  private feed(): void {
    this.isFeeding = true;
    this.pump();
  }

  /** Sends as long as the connection takes it. */
  private pump(): void {
    const { outlet } = this.fed;
    outlet.gather(() => {
      while (this.isFeeding && !this.isBusy) {
        this.isBusy = outlet.needsDrain;
        if (this.isBusy) return outlet.onceDrained(() => this.pumpAgain());
        if (!this.queue.sendNext()) this.advance();
      }
    });
    this.fed.receipt.look();
  }

  private pumpAgain(): void {
    this.isBusy = false;
    this.fed.safely(() => this.pump());
  }

  /** Everything queued has gone out: what comes next? */
  private advance(): void {
    const { subscription, isMuted } = this.fed.wish;
    const { position } = this.queue;
    if (position === null) return this.beginFullSync();
    this.requestId = undefined;
    if (isMuted) return this.finish();
    const plan = this.archive.planFromMemory({ ...position, filter: subscription.filterHash }, subscription);
    if (plan === null) void this.readOn(position);
    else if (plan.kind === 'full' || plan.sets.length > 0) this.take(plan);
    else if (this.isFirst) this.complete(position);
    else this.finish();
  }

  /** The delta of a connection that has just come ends with a `SyncComplete`; a full sync has its own. */
  private complete(position: Cursor): void {
    const { outlet, wish } = this.fed;
    this.isFirst = false;
    const flag_count = this.archive.flagCount(wish.subscription);
    outlet.send(this.control(wish.cursorAt(position), { type: 'SyncComplete', data: { flag_count } }));
  }

  private finish(): void {
    this.isFeeding = false;
    this.fed.caughtUp();
  }

  private beginFullSync(): void {
    this.isFirst = false;
    const { requestId } = this;
    const { wish, outlet } = this.fed;
    const generation = this.archive.enterSnapshot(this);
    const isShared = requestId === undefined && !wish.isMuted;
    const frames = isShared
      ? this.archive.snapshot(generation, wish.subscription, outlet.form)
      : this.archive.ownSnapshot(wish.subscription, outlet.form, { id: wish.cursorAt(generation.cursor), requestId });
    this.queue.addSnapshot(generation, this.syncStarted('full', NO_CURSOR), frames);
  }

  private async readOn(position: Cursor): Promise<void> {
    this.isBusy = true;
    try {
      const plan = await this.archive.next(position, this.fed.wish.subscription);
      this.isBusy = false;
      // A reset that came meanwhile wants a full sync, whatever the log said. And that nothing is missing is never taken from
      // an answer that was waited for: by now it may be. `pump` asks memory, in the turn in which the connection has caught up.
      if (this.isFeeding && this.queue.position === position) this.take(plan);
      this.pump();
    } catch (error) {
      this.fed.failed(error, () => this.pumpAgain());
    }
  }

  private take(plan: Plan): void {
    if (plan.kind === 'full') this.queue.position = null;
    else this.enqueue(plan.sets);
  }

  private enqueue(sets: readonly EncodedChangeSet[]): void {
    const { wish, outlet } = this.fed;
    for (const set of sets) this.queue.add(this.archive.framesOf(set, wish.subscription, outlet.form), set.after);
  }

  private syncStarted(mode: SyncMode, id: string): Frame {
    const { connectionId: connection_id, ackEveryMs: ack_every_ms } = this.fed;
    return this.control(id, { type: 'SyncStarted', data: { mode, connection_id, protocol: 1, ack_every_ms } });
  }

  private control(id: string, message: ControlMessage): Frame {
    return frameOf(this.fed.outlet.form, { openText: openText(message), id, requestId: this.requestId });
  }
}
