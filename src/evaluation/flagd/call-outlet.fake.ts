import { type CallOutlet } from './document-stream.js';

/** A connection that takes what it is given when it is told to. */
export class SlowOutlet implements CallOutlet {
  /** What was written, by its first letter and length; how it ended. */
  readonly log: string[] = [];
  sent = 0;
  private pending: (() => void) | null = null;

  write(bytes: Buffer, taken: () => void): void {
    if (this.pending !== null) throw new Error('It was given something before it had taken what it had');
    this.sent += bytes.length;
    this.log.push(`${bytes.toString('latin1', 0, 1)}${bytes.length}`);
    this.pending = taken;
  }

  end({ details }: { details: string }): void {
    this.log.push(details);
  }

  cut(): void {
    this.log.push('cut');
  }

  take(): void {
    const taken = this.pending;
    this.pending = null;
    taken?.();
  }
}
