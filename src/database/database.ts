import { AsyncLocalStorage } from 'node:async_hooks';
import { type BeforeApplicationShutdown, Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { DataSource, type EntityManager } from 'typeorm';
import { Mutex } from '../common/gate.js';
import { DatabaseUnavailable, DomainError, StorageFull } from '../common/errors.js';
import { Config } from '../config/config.js';
import { dataSourceOptions } from './data-source-options.js';
import { isConnectionFailure, isStorageFull } from './failures.js';
import { PostgresAccess } from './postgres-access.js';
import { transaction } from './sqlite-transaction.js';

type Work<T> = (manager: EntityManager) => Promise<T>;

/**
 * The one door to the data. On PostgreSQL reads and transactions share a pool. On SQLite TypeORM shares one connection
 * among all callers, so that a second transaction would become a savepoint of the first: here the writing connection
 * stands behind a mutex, and reads go through a second connection that sees only what is committed.
 *
 * Every method throws DatabaseUnavailable where the database cannot be asked.
 */
@Injectable()
export class Database implements BeforeApplicationShutdown, OnApplicationShutdown {
  readonly dialect: 'sqlite' | 'postgres';
  private readonly writing = new Mutex();
  private readonly reading = new Mutex();
  private readonly reader: DataSource;
  private readonly postgres: PostgresAccess;
  /** The transaction of `together` in whose work we are; null once it has ended, for what outlives it. */
  private readonly shared = new AsyncLocalStorage<{ manager: EntityManager | null }>();

  constructor(
    private readonly writer: DataSource,
    config: Config,
  ) {
    this.dialect = config.isPostgres ? 'postgres' : 'sqlite';
    this.postgres = new PostgresAccess(writer, config);
    this.reader =
      this.dialect === 'postgres'
        ? writer
        : new DataSource({ ...dataSourceOptions(config, 'read'), entities: writer.options.entities ?? [] });
  }

  /** Connects and migrates. Not called again once it has succeeded. `signal` ends the waiting for another node that migrates. */
  async open(signal?: AbortSignal): Promise<void> {
    if (this.dialect === 'postgres') return this.postgres.open(signal);
    if (!this.writer.isInitialized) await this.writer.initialize();
    await this.writer.runMigrations();
    if (!this.reader.isInitialized) await this.reader.initialize();
  }

  /** A transaction, READ COMMITTED: all of it or nothing. Tried three times where PostgreSQL found a deadlock. */
  async write<T>(work: Work<T>): Promise<T> {
    const joined = this.shared.getStore()?.manager ?? null;
    if (joined !== null) return work(joined);
    this.mustBeOpen();
    if (this.dialect === 'sqlite') return this.writing.run(() => this.guarded(() => transaction(this.writer, work)));
    return this.guarded(() => this.postgres.write(work));
  }

  /**
   * The same, and every `write` that `work` leads to is part of it: committed together, or not at all. Reads are not part of it;
   * they see what is committed.
   */
  together<T>(work: Work<T>): Promise<T> {
    return this.write(async (manager) => {
      const shared: { manager: EntityManager | null } = { manager };
      try {
        return await this.shared.run(shared, () => work(manager));
      } finally {
        shared.manager = null;
      }
    });
  }

  /** Reads of committed rows; not one snapshot. */
  async read<T>(work: Work<T>): Promise<T> {
    this.mustBeOpen();
    if (this.dialect === 'sqlite') return this.reading.run(() => this.guarded(() => work(this.reader.manager)));
    return this.guarded(() => this.postgres.read(work));
  }

  /** Reads that all see the database at one moment. */
  async snapshot<T>(work: Work<T>): Promise<T> {
    this.mustBeOpen();
    if (this.dialect === 'sqlite') return this.reading.run(() => this.guarded(() => transaction(this.reader, work)));
    return this.guarded(() => this.postgres.snapshot(work));
  }

  /** ` FOR UPDATE` or ` FOR SHARE` where rows can be locked; on SQLite nothing: the mutex stands for it. */
  lockClause(strength: 'UPDATE' | 'SHARE'): string {
    return this.dialect === 'postgres' ? ` FOR ${strength}` : '';
  }

  /** SQL for microseconds since 1970 by the database's clock, which is the same for all nodes. */
  get clockMicros(): string {
    return this.dialect === 'postgres'
      ? '(extract(epoch from clock_timestamp()) * 1000000)::bigint'
      : "CAST(unixepoch('subsec') * 1000000 AS integer)";
  }

  /** On SQLite the file alone is then the whole database, for whoever copies it. In the next hook the writer is gone already. */
  async beforeApplicationShutdown(): Promise<void> {
    if (this.dialect === 'postgres' || !this.reader.isInitialized) return;
    const checkpoint = () => this.writer.query('PRAGMA wal_checkpoint(TRUNCATE)');
    await this.reading.run(() => this.writing.run(checkpoint)).catch(() => undefined);
  }

  async onApplicationShutdown(): Promise<void> {
    if (this.reader !== this.writer && this.reader.isInitialized) await this.reader.destroy();
  }

  private mustBeOpen(): void {
    if (!this.reader.isInitialized) throw new DatabaseUnavailable();
  }

  private async guarded<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      if (error instanceof DomainError) throw error;
      if (isConnectionFailure(error)) throw new DatabaseUnavailable(error);
      if (isStorageFull(error)) throw new StorageFull(error);
      throw error;
    }
  }
}
