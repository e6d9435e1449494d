import pg from 'pg';
import { startPostgres, type TestPostgres } from './postgres.js';
import { TcpProxy } from './tcp-proxy.js';
import { eventually } from './wait.js';

async function ask<T>(url: string, sql: string): Promise<T | undefined> {
  const client = new pg.Client({ connectionString: url });
  client.on('error', () => undefined);
  await client.connect();
  try {
    return (await client.query<{ value: T }>(sql)).rows[0]?.value;
  } finally {
    await client.end();
  }
}

/** A second PostgreSQL that follows a first one by its log, without the first one waiting for it, and can take its place. */
export class StandBy {
  private constructor(
    private readonly primary: TestPostgres,
    private readonly log: TcpProxy,
    readonly postgres: TestPostgres,
  ) {}

  /** Restarts `primary` on the way. */
  static async of(primary: TestPostgres): Promise<StandBy> {
    const log = await TcpProxy.start(primary.port);
    await primary.halt();
    const postgres = await startPostgres({ standByOf: { primary, port: log.port } });
    await primary.start();
    return new StandBy(primary, log, postgres);
  }

  /** Whatever the first one commits from here on never arrives. What was committed before has. */
  async lose(): Promise<void> {
    const end = await ask<string>(this.primary.url, 'SELECT pg_current_wal_lsn() AS value');
    const isThere = `SELECT pg_last_wal_replay_lsn() >= '${end}' AS value`;
    await eventually(() => ask<boolean>(this.postgres.url, isThere), { timeoutMs: 20_000, what: 'the stand-by' });
    this.log.hold();
  }

  /** It leads from now on. */
  async promote(): Promise<void> {
    await ask(this.postgres.url, 'SELECT pg_promote(true, 30) AS value');
  }

  /** It gets nothing any more, and goes on by itself. */
  async end(): Promise<void> {
    await this.log.stop();
  }
}
