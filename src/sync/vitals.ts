import { type Outlet } from './outlet.js';

/** Whether the other end of a connection is still there. Times are monotonic milliseconds. */
export class Vitals {
  private lastProgress: number | null = null;
  private lastProgressAt = 0;
  private lastUnsentAt = -Infinity;

  constructor(private readonly outlet: Pick<Outlet, 'unsent' | 'progress' | 'heardAt'>) {}

  /** Whether its socket has taken nothing for `stallMs` although there is something to take. */
  isStalled(now: number, stallMs: number): boolean {
    const { progress, unsent } = this.outlet;
    if (unsent === 0 || progress === null || progress !== this.lastProgress) {
      this.lastProgress = progress;
      this.lastProgressAt = now;
    }
    return now - this.lastProgressAt >= stallMs;
  }

  /**
   * Whether the peer has given no sign of life for `silenceMs`, where somebody listens for one. While it has still to read what was
   * sent before a ping, it cannot answer that: then progress is its sign.
   */
  isSilent(now: number, silenceMs: number): boolean {
    const { heardAt, unsent } = this.outlet;
    if (unsent > 0) this.lastUnsentAt = now;
    return heardAt !== null && now - Math.max(heardAt, this.lastUnsentAt) >= silenceMs;
  }
}
