import { type Cursor, type PresentedCursor } from '@flagwire/protocol/sync';
import { type EncodedChangeSet } from '../changes/encoded-change-set.js';
import { type Plan } from '../changes/resumption.js';
import { type Subscription } from '../changes/subscription.js';
import { type Frame } from './frame.js';
import { type SnapshotGeneration, type SnapshotReader } from './snapshots.js';

/** What a session asks of the room that it is in. */
export interface SessionRoom<Session> {
  /** Where those who are live stand. */
  readonly head: Cursor;
  /** Milliseconds until a question that the database could not answer is asked again. */
  readonly askAgainMs: number;
  /** From now on the session is given every change set, from the present head on. */
  join(session: Session): void;
  leave(session: Session): void;
  /** See `Resumption`. */
  planFromMemory(cursor: PresentedCursor | null, subscription: Subscription): Plan | null;
  plan(cursor: PresentedCursor | null, subscription: Subscription): Promise<Plan>;
  next(position: Cursor, subscription: Subscription): Promise<Plan>;
  framesOf(set: EncodedChangeSet, subscription: Subscription): readonly Frame[];
  flagCount(subscription: Subscription): number;
  enterSnapshot(reader: SnapshotReader): SnapshotGeneration;
  /** The frames of a generation that was entered in this turn. */
  snapshot(generation: SnapshotGeneration, subscription: Subscription): readonly Frame[];
}
