import { Logger } from '@nestjs/common';
import { type DataSource, type EntityManager } from 'typeorm';
import { DatabaseUnavailable } from '../common/errors.js';
import { Gate, type Patience } from '../common/gate.js';
import { type Config } from '../config/config.js';
import { isDeadConnection, isSerializationFailure } from './failures.js';
import { migratePostgres } from './migrate-postgres.js';
import { connect, limitsOfTransaction, sessionsKeepLimits } from './time-limits.js';

const ATTEMPTS = 3;

type Work<T> = (manager: EntityManager) => Promise<T>;

/** Of the pool's connections so many are left for readers, whatever writers wait for: the tail, keys, and what writers read. */
const keptForReaders = (poolSize: number) => Math.max(1, Math.floor(poolSize / 4));

/** Reads and transactions on one pool of PostgreSQL, directly or through a pooler that gives out connections for a transaction. */
export class PostgresAccess {
  private readonly logger = new Logger('Database');
  private readonly writers: Gate;
  private readonly patience: Patience;
  /** SQL at the beginning of each transaction; null where the sessions keep the limits by themselves. */
  private limits: string | null = null;

  constructor(
    private readonly source: DataSource,
    private readonly config: Config,
  ) {
    this.writers = new Gate(config.poolSize - keptForReaders(config.poolSize));
    this.patience = { ms: config.connectTimeoutMs, late: () => new DatabaseUnavailable() };
  }

  async open(signal?: AbortSignal): Promise<void> {
    if (!this.source.isInitialized) await connect(this.source, this.config);
    if (!(await sessionsKeepLimits(this.source, this.config))) this.limitTransactions();
    for (const name of await migratePostgres(this.source, signal)) this.logger.log(`Migrated: ${name}`);
  }

  write<T>(work: Work<T>): Promise<T> {
    return this.writers.run(() => this.retried(() => this.transaction(work)), this.patience);
  }

  /** Not one snapshot. Where the connection turns out to be dead, `work` is done again on another: all that the pool has may be. */
  async read<T>(work: Work<T>): Promise<T> {
    for (let dead = 0; ; dead++) {
      try {
        // Without a transaction there is nothing that limits could be set in.
        return await (this.limits === null ? work(this.source.manager) : this.transaction(work));
      } catch (error) {
        if (dead === this.config.poolSize || !isDeadConnection(error)) throw error;
      }
    }
  }

  snapshot<T>(work: Work<T>): Promise<T> {
    return this.source.transaction('REPEATABLE READ', async (manager) => {
      await manager.query(`SET TRANSACTION READ ONLY; ${this.limits ?? ''}`);
      return work(manager);
    });
  }

  private transaction<T>(work: Work<T>): Promise<T> {
    const { limits } = this;
    if (limits === null) return this.source.transaction(work);
    return this.source.transaction(async (manager) => {
      await manager.query(limits);
      return work(manager);
    });
  }

  private limitTransactions(): void {
    if (this.limits !== null) return;
    this.limits = limitsOfTransaction(this.config);
    this.logger.log('Something between here and PostgreSQL takes no time-outs for a session: each transaction brings its own');
  }

  private async retried<T>(work: () => Promise<T>): Promise<T> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await work();
      } catch (error) {
        if (attempt === ATTEMPTS || !isSerializationFailure(error)) throw error;
      }
    }
  }
}
