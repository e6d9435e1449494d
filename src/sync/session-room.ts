import { type Cursor, type PresentedCursor } from '@flagwire/protocol/sync';
import { type ClientReceipt, type Recipient, type Source } from '../receipts/client-receipt.js';
import { type Acknowledgement } from '../receipts/ledger.js';
import { type EncodedChangeSet } from '../changes/encoded-change-set.js';
import { type Plan } from '../changes/resumption.js';
import { type Subscription } from '../changes/subscription.js';
import { type SyncLabels } from './encodings.js';
import { type Form } from './form.js';
import { type Frame } from './frame.js';
import { type CutReason } from './sync-figures.js';
import { type SnapshotGeneration, type SnapshotReader } from './snapshots.js';

/** What a session reads: the log, and the flags as they are at its head. */
export interface Archive {
  /** See `Resumption`. */
  planFromMemory(cursor: PresentedCursor | null, subscription: Subscription): Plan | null;
  plan(cursor: PresentedCursor | null, subscription: Subscription): Promise<Plan>;
  next(position: Cursor, subscription: Subscription): Promise<Plan>;
  framesOf(set: EncodedChangeSet, subscription: Subscription, form: Form): readonly Frame[];
  flagCount(subscription: Subscription): number;
  /** The JSON of a flag at the head; undefined where there is none. */
  flagJson(flagId: string): string | undefined;
  enterSnapshot(reader: SnapshotReader): SnapshotGeneration;
  /** The frames of a generation that was entered in this turn, shared by all who want the same in this form. */
  snapshot(generation: SnapshotGeneration, subscription: Subscription, form: Form): readonly Frame[];
  /** The same with labels that only one connection has: made as it reads, and shared with nobody. */
  ownSnapshot(subscription: Subscription, form: Form, labels: SyncLabels): Iterable<Frame>;
}

/** What a session asks of the room that it is in. */
export interface SessionRoom<Session> extends Archive {
  /** Where all those who are live stand at least. */
  readonly head: Cursor;
  /** Up to where the log has been read: some of it may still be on its way to those who are live. */
  readonly newest: Cursor;
  /** Milliseconds until a question that the database could not answer is asked again. */
  readonly askAgainMs: number;
  /** Unsent bytes from which on nothing is appended. */
  readonly lagBytes: number;
  /** From now on the session is given every change set that it does not have. @returns `newest`: it has everything up to there. */
  join(session: Session): Cursor;
  /** A connection is cut. @param error the throw that it is cut for. */
  noteCut(reason: CutReason, error?: unknown): void;
  leave(session: Session): void;
  /** Milliseconds between two acknowledgements of a client. */
  readonly ackEveryMs: number;
  /** From now on the client is counted, until `exit`: also while its session has left, to be fed. */
  enter(recipient: Recipient, source: Source): ClientReceipt;
  exit(receipt: ClientReceipt): void;
  /** A client says what it has applied. */
  acknowledge(acknowledgement: Acknowledgement): void;
}
