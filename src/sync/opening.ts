import { NO_CURSOR, parseCursor, type PresentedCursor } from '@flagwire/protocol/sync';
import { type Outlet } from './outlet.js';

/** A decision that takes longer opens the connection undecided: it only pings until then. */
const DECIDE_MS = 2000;

/** The first words of a connection: they say which cursor was accepted, and are said once. */
export class Opening {
  /** What the client says it has, until the first full sync begins. */
  presented = NO_CURSOR;
  private isSent = false;
  private timer: NodeJS.Timeout | null = null;

  constructor(
    private readonly outlet: Outlet,
    private readonly retryMs: number,
  ) {}

  get isSaid(): boolean {
    return this.isSent;
  }

  /** What cannot be read as a cursor is none. */
  read(text: string | null): PresentedCursor | null {
    const cursor = parseCursor(text);
    this.presented = cursor === null || text === null ? NO_CURSOR : text;
    return cursor;
  }

  /** @param onLate called if nothing has been said after two seconds. */
  await(onLate: () => void): void {
    this.timer = setTimeout(onLate, DECIDE_MS);
  }

  say(id: string): void {
    if (this.isSent) return;
    this.stop();
    this.isSent = true;
    const frame = this.outlet.form.opening(id, this.retryMs);
    if (frame !== null) this.outlet.send(frame);
  }

  stop(): void {
    if (this.timer !== null) clearTimeout(this.timer);
  }
}
