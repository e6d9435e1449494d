import { type Clock } from '../common/clock.js';

const WINDOW_MS = 60_000;
/** Names; at the bound the oldest window is forgotten. */
const MOST = 10_000;

interface Window {
  /** Monotonic milliseconds. */
  beganAt: number;
  count: number;
}

/** So many a minute for each name, on this node. A minute begins with the first one. */
export class MinuteQuota {
  /** In the order in which they began. */
  private readonly windows = new Map<string, Window>();

  constructor(
    private readonly perMinute: number,
    private readonly clock: Clock,
  ) {}

  /** Null: one was taken. Else there is none left, for so many milliseconds. */
  take(name: string): number | null {
    const window = this.windowOf(name);
    if (window.count >= this.perMinute) return window.beganAt + WINDOW_MS - this.clock.monotonic();
    window.count += 1;
    return null;
  }

  private windowOf(name: string): Window {
    const now = this.clock.monotonic();
    const present = this.windows.get(name);
    if (present !== undefined && now - present.beganAt < WINDOW_MS) return present;
    this.windows.delete(name);
    this.dropOld(now);
    const window = { beganAt: now, count: 0 };
    this.windows.set(name, window);
    return window;
  }

  private dropOld(now: number): void {
    for (const [name, { beganAt }] of this.windows) {
      if (now - beganAt < WINDOW_MS && this.windows.size < MOST) return;
      this.windows.delete(name);
    }
  }
}
