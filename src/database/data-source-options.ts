import libsql from 'libsql';
import { type DataSourceOptions } from 'typeorm';
import { type Config } from '../config/config.js';
import { ImpatientClient } from './impatient-client.js';
import { MIGRATIONS } from './migrations.js';
import { timeLimits } from './time-limits.js';

/** What both drivers can do with one connection of the embedded file. */
interface SqliteHandle {
  pragma(text: string): unknown;
}

/** The driver's own default. */
const IDLE_MS = 10_000;

export type SqliteAccess = 'write' | 'read';

function sqliteOptions(config: Config, access: SqliteAccess): DataSourceOptions {
  const reading = access === 'read';
  return {
    type: 'better-sqlite3',
    database: config.sqliteFile,
    // TypeORM loads `better-sqlite3` by itself where no driver is named.
    ...(config.sqliteDriver === 'libsql' && { driver: libsql }),
    readonly: reading,
    migrations: MIGRATIONS,
    prepareDatabase: (handle: SqliteHandle) => {
      handle.pragma('busy_timeout = 5000');
      if (reading) {
        // libsql opens with `readonly` and still writes: this is what refuses.
        handle.pragma('query_only = ON');
      } else {
        handle.pragma('journal_mode = WAL');
        // A commit that was answered survives a power cut, not only a killed process.
        handle.pragma('synchronous = FULL');
      }
    },
  };
}

function postgresOptions(config: Config): DataSourceOptions {
  return {
    type: 'postgres',
    applicationName: 'flagwire',
    poolSize: config.poolSize,
    migrations: MIGRATIONS,
    extra: {
      Client: ImpatientClient,
      // Handed to the driver whole, with `sslmode`, `sslrootcert` and the like. It verifies for `require` and `verify-ca`, too.
      connectionString: config.databaseUrl,
      connectionTimeoutMillis: config.connectTimeoutMs,
      ...timeLimits(config),
      // A socket that went dead without a word: the server's own time-out cannot be heard any more.
      query_timeout: config.statementTimeoutMs + 1000,
      keepAlive: true,
      // Of a pool whose sockets went dead, one is found out by a time-out: the others, which nobody used, are gone by then.
      idleTimeoutMillis: Math.min(IDLE_MS, config.statementTimeoutMs),
    },
  };
}

/** The options of the data source that `access` needs; on PostgreSQL one pool serves both. */
export function dataSourceOptions(config: Config, access: SqliteAccess = 'write'): DataSourceOptions {
  return config.isPostgres ? postgresOptions(config) : sqliteOptions(config, access);
}
