import { type Clock } from '../platform.js';

/** Time that goes on only where it is told to. */
export class VirtualClock implements Clock {
  private time = 0;
  private readonly timers = new Set<{ at: number; callback: () => void }>();

  now(): number {
    return this.time;
  }

  setTimeout(callback: () => void, ms: number): unknown {
    const timer = { at: this.time + ms, callback };
    this.timers.add(timer);
    return timer;
  }

  clearTimeout(timer: unknown): void {
    this.timers.delete(timer as { at: number; callback: () => void });
  }

  get pending(): number {
    return this.timers.size;
  }

  /** Runs what falls due on the way, in order; between two timers, promises have their turn. */
  async pass(ms: number): Promise<void> {
    const end = this.time + ms;
    for (let next = await this.next(); next !== undefined && next.at <= end; next = await this.next()) {
      this.timers.delete(next);
      this.time = Math.max(this.time, next.at);
      next.callback();
    }
    this.time = end;
  }

  private async next() {
    for (let turn = 0; turn < 5; turn += 1) await Promise.resolve();
    return [...this.timers].sort((a, b) => a.at - b.at)[0];
  }
}
