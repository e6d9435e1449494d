/** Between two notices to one connection. */
const LEAST_MS = 1000;
const SPREAD_MS_EACH = 20;
const WIDEST_SPREAD_MS = 60_000;

/**
 * Milliseconds over which a notice to so many is spread: each of them asks for all flags upon it. With a thousand it is a twentieth of
 * them in a second.
 */
export function spreadMs(connections: number): number {
  return Math.min(connections * SPREAD_MS_EACH, WIDEST_SPREAD_MS);
}

/** When one connection gets its next notice. However much changes meanwhile, it is one. Times are monotonic milliseconds. */
export class NoticePace {
  private dueAt: number | null = null;
  private sentAt = -Infinity;

  get isOwed(): boolean {
    return this.dueAt !== null;
  }

  /** It has to get one at that time, or before; later where it just got one. */
  owe(at: number): void {
    const due = Math.max(at, this.sentAt + LEAST_MS);
    this.dueAt = this.dueAt === null ? due : Math.min(this.dueAt, due);
  }

  isDue(now: number): boolean {
    return this.dueAt !== null && this.dueAt <= now;
  }

  sent(now: number): void {
    this.dueAt = null;
    this.sentAt = now;
  }
}
