import { type Cursor, sameCursor } from '@flagwire/protocol/sync';
import { type EnvironmentReplica } from '../changes/environment-replica.js';
import { cursorText, type Subscription, subscriptionKey } from '../changes/subscription.js';
import { snapshotFrames } from './encodings.js';
import { type Form } from './form.js';
import { type Frame } from './frame.js';

/** Generations that may be alive at once in an environment: slow readers must not pin one snapshot for each revision. */
const MOST_GENERATIONS = 2;

/** Who is being sent a snapshot. */
export interface SnapshotReader {
  /** The snapshot is too old to be kept: let go of it, and start over. */
  startOver(): void;
}

/** The full syncs of one revision, made when first asked for and shared by all who read them. */
export class SnapshotGeneration {
  private readonly bodies = new Map<string, readonly Frame[]>();
  private readonly readers = new Set<SnapshotReader>();

  constructor(readonly cursor: Cursor) {}

  frames(replica: EnvironmentReplica, subscription: Subscription, form: Form): readonly Frame[] {
    const key = `${form.transport} ${subscriptionKey(subscription)}`;
    const id = cursorText(this.cursor, subscription);
    const frames = this.bodies.get(key) ?? [...snapshotFrames(replica, subscription, form, { id })];
    this.bodies.set(key, frames);
    return frames;
  }

  get inUse(): boolean {
    return this.readers.size > 0;
  }

  enter(reader: SnapshotReader): void {
    this.readers.add(reader);
  }

  leave(reader: SnapshotReader): void {
    this.readers.delete(reader);
  }

  /** Sends every reader away. */
  retire(): void {
    for (const reader of [...this.readers]) reader.startOver();
  }
}

/** The snapshots of one environment. */
export class Snapshots {
  private generations: SnapshotGeneration[] = [];

  /** The generation of the replica's head, which this reader is now one of the readers of. */
  enter(replica: EnvironmentReplica, reader: SnapshotReader): SnapshotGeneration {
    const newest = this.generations.at(-1);
    if (newest !== undefined && sameCursor(newest.cursor, replica.head)) {
      newest.enter(reader);
      return newest;
    }
    this.generations = this.generations.filter((generation) => generation.inUse);
    const made = new SnapshotGeneration(replica.head);
    made.enter(reader);
    this.generations.push(made);
    // Only now: those who are sent away may enter the new one at once.
    while (this.generations.length > MOST_GENERATIONS) this.generations.shift()?.retire();
    return made;
  }

  /** Lets go of what nobody reads and no newcomer would be given. */
  sweep(head: Cursor): void {
    this.generations = this.generations.filter((generation) => generation.inUse || sameCursor(generation.cursor, head));
  }

  get alive(): number {
    return this.generations.length;
  }
}
