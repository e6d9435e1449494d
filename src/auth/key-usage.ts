import { Injectable, Logger, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import { IsNull, LessThan } from 'typeorm';
import { Clock, isoTime } from '../common/clock.js';
import { Database } from '../database/database.js';
import { SdkKey } from './sdk-key.entity.js';

const FLUSH_MS = 5000;
const MINUTE = 60_000;
/** Rows of one transaction: writers of flags do not wait long. */
const BATCH = 100;

/**
 * When keys were last used, roughly: gathered in memory, written at most once a minute for each key. What cannot be written
 * is dropped; the next use is written again. Bounded by the number of live keys.
 */
@Injectable()
export class KeyUsage implements OnModuleInit, OnApplicationShutdown {
  private readonly logger = new Logger('KeyUsage');
  /** Unix milliseconds of the newest use that is not written. */
  private readonly used = new Map<string, number>();
  /** Unix milliseconds of what was written within the last minute. */
  private readonly written = new Map<string, number>();
  private timer: NodeJS.Timeout | null = null;
  private isFlushing = false;

  constructor(
    private readonly database: Database,
    private readonly clock: Clock,
  ) {}

  onModuleInit(): void {
    this.timer = setInterval(() => {
      this.flush().catch((error: unknown) => this.logger.debug(`Not written: ${String(error)}`));
    }, FLUSH_MS);
  }

  onApplicationShutdown(): void {
    if (this.timer !== null) clearInterval(this.timer);
  }

  /** Never waits and never throws. */
  note(keyId: string): void {
    this.used.set(keyId, this.clock.now());
  }

  /** Writes what is due. */
  async flush(): Promise<void> {
    if (this.isFlushing) return;
    this.isFlushing = true;
    try {
      for (const batch of this.takeDue()) await this.write(batch);
    } finally {
      this.isFlushing = false;
    }
  }

  /** In the order of ids, so that two nodes do not wait for each other. */
  private takeDue(): [keyId: string, usedAt: number][][] {
    const now = this.clock.now();
    for (const [keyId, at] of this.written) if (Math.abs(now - at) >= MINUTE) this.written.delete(keyId);
    const due = [...this.used].filter(([keyId]) => !this.written.has(keyId)).sort(([a], [b]) => (a < b ? -1 : 1));
    for (const [keyId] of due) {
      this.used.delete(keyId);
      this.written.set(keyId, now);
    }
    return Array.from({ length: Math.ceil(due.length / BATCH) }, (_, index) => due.slice(index * BATCH, (index + 1) * BATCH));
  }

  private write(batch: readonly [keyId: string, usedAt: number][]): Promise<void> {
    return this.database.write(async (manager) => {
      for (const [id, usedAt] of batch) {
        const lastUsedAt = isoTime(usedAt);
        // Another node may have written a later use.
        const where = [
          { id, lastUsedAt: IsNull() },
          { id, lastUsedAt: LessThan(lastUsedAt) },
        ];
        await manager.update(SdkKey, where, { lastUsedAt });
      }
    });
  }
}
