import { Injectable, Logger, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import { IsNull, LessThan } from 'typeorm';
import { Clock, isoTime } from '../common/clock.js';
import { Database } from '../database/database.js';
import { AdminToken } from './admin-token.entity.js';
import { SdkKey } from './sdk-key.entity.js';

const FLUSH_MS = 5000;
const MINUTE = 60_000;
/** Rows of one transaction: writers of flags do not wait long. */
const BATCH = 100;

type Credential = typeof SdkKey | typeof AdminToken;

/** A use that is not written yet; `at` in Unix milliseconds. */
interface Use {
  of: Credential;
  at: number;
}

/**
 * When keys and admin tokens were last used, roughly: gathered in memory, written at most once a minute for each. What
 * cannot be written is dropped; the next use is written again. Bounded by the number of live ones.
 */
@Injectable()
export class CredentialUsage implements OnModuleInit, OnApplicationShutdown {
  private readonly logger = new Logger('CredentialUsage');
  /** The newest use of each, by its id. */
  private readonly used = new Map<string, Use>();
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
  note(of: Credential, id: string): void {
    this.used.set(id, { of, at: this.clock.now() });
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
  private takeDue(): [id: string, use: Use][][] {
    const now = this.clock.now();
    for (const [id, at] of this.written) if (Math.abs(now - at) >= MINUTE) this.written.delete(id);
    const due = [...this.used].filter(([id]) => !this.written.has(id)).sort(([a], [b]) => (a < b ? -1 : 1));
    for (const [id] of due) {
      this.used.delete(id);
      this.written.set(id, now);
    }
    return Array.from({ length: Math.ceil(due.length / BATCH) }, (_, index) => due.slice(index * BATCH, (index + 1) * BATCH));
  }

  private write(batch: readonly [id: string, use: Use][]): Promise<void> {
    return this.database.write(async (manager) => {
      for (const [id, { of, at }] of batch) {
        const lastUsedAt = isoTime(at);
        // Another node may have written a later use.
        const where = [
          { id, lastUsedAt: IsNull() },
          { id, lastUsedAt: LessThan(lastUsedAt) },
        ];
        await manager.update<SdkKey | AdminToken>(of, where, { lastUsedAt });
      }
    });
  }
}
