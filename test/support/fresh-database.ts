import { randomBytes } from 'node:crypto';
import pg from 'pg';

/** The environment variable in which `global-setup.ts` hands the shared PostgreSQL to Jest's workers. */
export const SHARED_POSTGRES = 'FLAGWIRE_TEST_PG_URL';

export interface FreshDatabase {
  readonly url: string;
  readonly name: string;
  /** Runs one statement in this database on a connection of its own and gives the rows. */
  query<Row extends object = Record<string, unknown>>(sql: string, values?: unknown[]): Promise<Row[]>;
  /** Removes the database and throws out whoever is connected. May be called again. */
  drop(): Promise<void>;
}

async function queryOnce<Row extends object>(url: string, sql: string, values: unknown[] = []): Promise<Row[]> {
  const client = new pg.Client({ connectionString: url });
  client.on('error', () => undefined); // the server may be ended while this connection is open; the query reports it
  await client.connect();
  try {
    return (await client.query<Row>(sql, values)).rows;
  } finally {
    await client.end();
  }
}

function sharedPostgres(): string {
  const url = process.env[SHARED_POSTGRES];
  if (url === undefined) {
    throw new Error(`${SHARED_POSTGRES} is not set: Jest's globalSetup has to be test/support/global-setup.ts`);
  }
  return url;
}

/**
 * A new, empty database on the PostgreSQL of this run (or on `server`, the URL of another).
 * `prefix` is for the reader of logs: lower-case letters, digits and `_`, at most 40 characters.
 * @throws Error where no PostgreSQL was started for this run.
 */
export async function freshDatabase(prefix = 'test', server: string = sharedPostgres()): Promise<FreshDatabase> {
  if (!/^[a-z][a-z0-9_]{0,39}$/.test(prefix)) throw new RangeError(`not a prefix for a database: ${prefix}`);
  const name = `${prefix}_${randomBytes(6).toString('hex')}`;
  await queryOnce(server, `CREATE DATABASE ${name}`);
  const url = new URL(server);
  url.pathname = `/${name}`;
  return {
    url: url.href,
    name,
    query: (sql, values) => queryOnce(url.href, sql, values),
    drop: async () => {
      await queryOnce(server, `DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);
    },
  };
}
