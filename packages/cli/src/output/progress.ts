import { type Terminal } from './terminal.js';

const EVERY_MS = 250;

/** What is under way, in one line that is written over, for whoever watches: how much was sent, then how long the server is at work. */
export class Progress {
  private since: number | null = null;
  private timer: NodeJS.Timeout | undefined;

  /** @param now milliseconds that never go back. */
  constructor(
    private readonly terminal: Terminal,
    private readonly now: () => number = () => performance.now(),
  ) {}

  /** To be called as bytes leave. An attempt that begins anew begins at 0. */
  sent(bytes: number, total: number): void {
    if (bytes < total) return this.terminal.transient(`sending, ${Math.floor((100 * bytes) / total)} %`);
    this.since ??= this.now();
    this.tell();
    if (this.terminal.isWatched) this.timer ??= setInterval(() => this.tell(), EVERY_MS);
  }

  /** Takes the line away. */
  end(): void {
    clearInterval(this.timer);
    this.terminal.transient('');
  }

  private tell(): void {
    const seconds = Math.floor((this.now() - (this.since ?? 0)) / 1000);
    this.terminal.transient(`sent; the server is at work, ${seconds} s`);
  }
}
