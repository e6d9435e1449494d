import { type Cursor } from '@flagwire/protocol/sync';
import { type Frame } from './frame.js';
import { type Outlet } from './outlet.js';
import { type SnapshotGeneration, type SnapshotReader } from './snapshots.js';

/** A frame to send. */
interface Step {
  frame: Frame;
  /** Nothing else may be sent after it: the message, or the change set, goes on. */
  goesOn: boolean;
  /** Where the connection stands when it has been sent: known at the end of a change set or a full sync. */
  reached?: Cursor;
}

/** One frame ahead of what it gives: the last one says where it leads. */
function* stepsTo(frames: Iterable<Frame>, kind: 'set' | 'snapshot', reached: Cursor): Generator<Step, undefined> {
  let last: Frame | null = null;
  for (const frame of frames) {
    if (last !== null) yield { frame: last, goesOn: kind === 'set' || !last.endsMessage };
    last = frame;
  }
  if (last !== null) yield { frame: last, goesOn: false, reached };
}

/** What a connection has still to be sent of a snapshot or of change sets: shared frames, and where they lead. */
export class SendQueue {
  /** Up to where the connection has everything; null: nothing, a full sync is due or under way. */
  settled: Cursor | null = null;
  /** Where it stands once the queue has gone out; null: it needs a full sync. */
  position: Cursor | null = null;
  private steps: Step[] = [];
  private generation: SnapshotGeneration | null = null;
  private snapshot: Iterator<Step, undefined> | null = null;
  private goesOn = false;

  constructor(
    private readonly outlet: Outlet,
    private readonly reader: SnapshotReader,
    /** Told when a change set or a full sync has been sent to its end. */
    private readonly onReached: (cursor: Cursor) => void,
  ) {}

  /** Whether something else may be said now: no message is cut in half, and nothing stands between the events of a change set. */
  get mayInterrupt(): boolean {
    return !this.goesOn;
  }

  get isInSnapshot(): boolean {
    return this.generation !== null;
  }

  /** The change set that leads to `reached`; no frames where none of it is for this connection. */
  add(frames: readonly Frame[], reached: Cursor): void {
    this.steps.push(...stepsTo(frames, 'set', reached));
    this.position = reached;
  }

  /** A full sync: `before` and then the generation's frames. What was settled counts no more. */
  addSnapshot(generation: SnapshotGeneration, before: Frame, frames: Iterable<Frame>): void {
    this.generation = generation;
    this.settled = null;
    this.position = generation.cursor;
    this.steps.push({ frame: before, goesOn: false });
    this.snapshot = stepsTo(frames, 'snapshot', generation.cursor);
  }

  /** Sends the next frame. @returns false where there is none: then everything up to `position` has been sent. */
  sendNext(): boolean {
    const step = this.steps.shift() ?? this.snapshot?.next().value;
    if (step === undefined) {
      this.settled = this.position;
      return false;
    }
    this.goesOn = step.goesOn;
    this.outlet.send(step.frame);
    if (step.reached !== undefined) {
      this.settled = step.reached;
      this.onReached(step.reached);
      // A snapshot that is out whole needs no keeping, even while the connection still drains.
      this.leaveGeneration();
    }
    return true;
  }

  /** Drops the snapshot, but for the message that is half out; a full sync is due. */
  abandonSnapshot(): void {
    const rest: Step[] = [];
    for (let { goesOn } = this; goesOn;) {
      const step = this.snapshot?.next().value;
      if (step === undefined) break;
      ({ goesOn } = step);
      rest.push({ frame: step.frame, goesOn });
    }
    this.leaveGeneration();
    this.steps = rest;
    this.position = null;
  }

  clear(): void {
    this.steps = [];
    this.leaveGeneration();
  }

  private leaveGeneration(): void {
    this.generation?.leave(this.reader);
    this.generation = null;
    this.snapshot = null;
  }
}
