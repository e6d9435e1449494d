import { type Cursor } from '@flagwire/protocol/sync';
import { type ClientName } from './client-name.js';

/** What is asked of a connection when clients are counted. */
export interface Source {
  /** Up to where it was handed everything; null: nothing. */
  readonly standsAt: Cursor | null;
  /** It wants no flags now, and is told of none. */
  readonly wantsNothing: boolean;
  /** Bytes that it was handed and that have not left the process. */
  readonly unsent: number;
  /** The cursor up to which it was handed everything. */
  readonly cursor: string;
  /** Whether it wants every flag: what it is handed is then every revision. */
  readonly isWhole: boolean;
}

/** The tally that a receipt belongs to. */
export interface Counting {
  readonly epoch: string;
  readonly head: number;
  /** The receipt waits for bytes to leave the process. */
  await(receipt: ClientReceipt): void;
  /** A client has this revision now. */
  time(revision: number): void;
  /** A client has everything up to this revision now. @param isWhole it got each of them, and not only those with flags that it wants. */
  timeUpTo(receipt: ClientReceipt, revision: number, isWhole: boolean): void;
  leave(receipt: ClientReceipt): void;
}

/** Whose receipts these are. */
export interface Recipient {
  readonly connectionId: string;
  readonly keyId: string;
  readonly transport: string;
  readonly client: ClientName | null;
}

/**
 * What is known of what one connected client has. Who acknowledges has what it acknowledged, and whatever came after that without
 * anything for it; of who does not, what has left the process counts.
 */
export class ClientReceipt {
  /** The newest revision of which it was sent anything; -1: nothing yet. */
  sent = -1;
  /** The newest revision that has left the process as a whole. */
  out = -1;
  /** The newest revision that it has acknowledged; -1: none of the present history. */
  acked = -1;
  /** The cursor that says so; null: it does not acknowledge. */
  cursor: string | null = null;
  /** What it was handed is of another history; it has nothing of the present one until it was sent all of that. */
  private isOld = false;
  /** The newest revision whose delay was counted, or need not be: it was there before the client. */
  timed: number;

  constructor(
    readonly recipient: Recipient,
    readonly source: Source,
    private readonly tally: Counting,
    /** Monotonic milliseconds. */
    readonly since: number,
  ) {
    this.timed = tally.head;
  }

  get acknowledges(): boolean {
    return this.cursor !== null;
  }

  /** Something of this revision was handed to the connection, of which so many bytes have not left. Called for each delivery. */
  handed(revision: number, unsent: number): void {
    this.sent = revision;
    this.isOld = false;
    if (this.acknowledges) return;
    if (unsent > 0) return this.tally.await(this);
    this.out = revision;
    if (revision <= this.timed) return;
    this.timed = revision;
    this.tally.time(revision);
  }

  /** Looks whether what it was handed has left meanwhile, which can be several revisions at once. @returns false: not yet. */
  look(): boolean {
    if (this.acknowledges || this.sent <= this.out) return true;
    if (this.source.unsent > 0) return false;
    this.out = this.sent;
    this.tally.timeUpTo(this, this.sent, this.source.isWhole);
    return true;
  }

  /** Presented a cursor and goes on from there. */
  resumed(revision: number): void {
    this.out = revision;
  }

  /** Other flags at the same numbers: whatever it had counts no more. */
  forget(): void {
    this.sent = -1;
    this.out = -1;
    this.acked = -1;
    this.isOld = true;
  }

  /** The newest revision that it has; -1: none; null: it wants nothing, and does not count. */
  get standing(): number | null {
    const { wantsNothing, unsent } = this.source;
    if (wantsNothing) return null;
    const told = this.told;
    if (this.acknowledges) return this.acked >= this.sent ? told : this.acked;
    return unsent === 0 ? told : Math.min(this.out, told);
  }

  /** The revision of the present history up to which it was handed everything; -1: none. */
  get told(): number {
    const { standsAt } = this.source;
    // A restored history can have the same epoch, and the same numbers.
    return !this.isOld && standsAt?.epoch === this.tally.epoch ? standsAt.revision : -1;
  }

  leave(): void {
    this.tally.leave(this);
  }
}
