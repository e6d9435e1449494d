import { type CallEnd } from './grpc-status.js';

/** One call, seen from the stream that feeds it. */
export interface CallOutlet {
  /** Bytes that it was given. */
  readonly sent: number;
  /** Calls back when the connection has taken the bytes. */
  write(bytes: Buffer, taken: () => void): void;
  /** Says how it ends, after what was written. */
  end(end: CallEnd): void;
  /** Ends at once; what was not taken is lost. */
  cut(): void;
}

/** What is handed over at a time: that it is taken is the sign that the reader is there. */
const SLICE = 64 * 1024;

/**
 * Gives one reader whole documents, one at a time, the newest when the one before it has been taken: those in between it never sees, and
 * nothing is kept for it but one reference. The bytes are the same for all readers.
 */
export class DocumentStream {
  private current: Buffer | null = null;
  private offset = 0;
  private next: Buffer | null = null;
  private ending: CallEnd | null = null;
  private gone = false;
  /** Nobody listens for a sign of life: HTTP/2 has pings of its own. */
  readonly heardAt = null;
  /** Slices that were taken. */
  progress = 0;

  constructor(private readonly outlet: CallOutlet) {}

  /** Bytes of what the reader is being given. */
  get unsent(): number {
    return this.current?.length ?? 0;
  }

  /** The message is sent whole, unless a newer one comes before its turn. */
  send(message: Buffer): void {
    if (this.ending !== null || this.gone) return;
    this.next = message;
    if (this.current === null) this.begin();
  }

  /** Ends in order, after what has been begun. The first end counts. */
  end(end: CallEnd): void {
    if (this.ending !== null || this.gone) return;
    this.ending = end;
    this.next = null;
    if (this.current === null) this.outlet.end(end);
  }

  /** The call is over. */
  close(): void {
    this.gone = true;
    this.current = this.next = null;
  }

  private begin(): void {
    this.current = this.next;
    this.next = null;
    this.offset = 0;
    this.writeOn();
  }

  private writeOn(): void {
    if (this.current === null) return;
    const slice = this.current.subarray(this.offset, this.offset + SLICE);
    this.offset += slice.length;
    this.outlet.write(slice, () => this.taken());
  }

  private taken(): void {
    if (this.gone || this.current === null) return;
    this.progress += 1;
    if (this.offset < this.current.length) return this.writeOn();
    this.current = null;
    if (this.ending !== null) return this.outlet.end(this.ending);
    if (this.next !== null) this.begin();
  }
}
