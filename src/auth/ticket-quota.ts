import { Injectable } from '@nestjs/common';
import { Clock } from '../common/clock.js';
import { RateLimited } from '../common/errors.js';
import { Config } from '../config/config.js';

const WINDOW_MS = 60_000;
/** Pairs of key and address; at the bound the oldest window is forgotten. */
const MOST = 10_000;

interface Window {
  /** Monotonic milliseconds. */
  beganAt: number;
  count: number;
}

/** So many tickets a minute for each key and address, on each node. */
@Injectable()
export class TicketQuota {
  /** In the order in which they began. */
  private readonly windows = new Map<string, Window>();

  constructor(
    private readonly clock: Clock,
    private readonly config: Config,
  ) {}

  /** @throws RateLimited */
  take(keyId: string, address: string): void {
    const window = this.windowOf(`${keyId} ${address}`);
    if (window.count >= this.config.ticketsPerMinute) {
      const { ticketsPerMinute } = this.config;
      const left = window.beganAt + WINDOW_MS - this.clock.monotonic();
      throw new RateLimited(
        `At most ${ticketsPerMinute} tickets a minute for one key and address. A ticket can be used again.`,
        left,
      );
    }
    window.count += 1;
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
