import { setTimeout as pause } from 'node:timers/promises';
import { Injectable, Logger, type OnApplicationShutdown } from '@nestjs/common';
import { CannotStart } from '../common/errors.js';
import { Config } from '../config/config.js';
import { Database } from './database.js';
import { lockSqliteFile } from './sqlite-lock.js';

const FIRST_RETRY_MS = 500;
const LONGEST_RETRY_MS = 5000;

/** Opens the database, however long it takes, and says so on the log. */
@Injectable()
export class DatabaseStart implements OnApplicationShutdown {
  private readonly logger = new Logger('Database');
  private unlock: () => void = () => undefined;
  private readonly stop = new AbortController();
  private opening: Promise<void> | null = null;

  constructor(
    private readonly database: Database,
    private readonly config: Config,
  ) {}

  /**
   * Resolves once the database is open and migrated; waits for a PostgreSQL that is away. Callers share one attempt.
   * @throws CannotStart where something is wrong with a SQLite file, or another server has it: waiting would not mend it.
   */
  opened(): Promise<void> {
    return (this.opening ??= this.open());
  }

  async onApplicationShutdown(): Promise<void> {
    this.stop.abort();
    await this.opening?.catch(() => undefined);
    this.unlock();
  }

  private async open(): Promise<void> {
    if (!this.config.isPostgres) return this.openFile(this.config.sqliteFile);
    const { signal } = this.stop;
    for (let delay = FIRST_RETRY_MS; !signal.aborted; delay = Math.min(delay * 2, LONGEST_RETRY_MS)) {
      try {
        return await this.database.open(signal);
      } catch (error) {
        if (signal.aborted) return;
        this.logger.warn(`The database cannot be reached (${(error as Error).message}). Trying again in ${delay / 1000} s.`);
        await pause(delay, undefined, { signal }).catch(() => undefined);
      }
    }
  }

  private async openFile(file: string): Promise<void> {
    try {
      this.unlock = lockSqliteFile(file);
      await this.database.open();
    } catch (error) {
      if (error instanceof CannotStart) throw error;
      throw new CannotStart(
        `${file} cannot be opened as a SQLite database: ${(error as Error).message}. Mend it, or set DATABASE_URL.`,
      );
    }
  }
}
