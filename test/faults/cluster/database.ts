import pg from 'pg';
import { type FlagDefinition, type FlagEvent } from '../../support/wire-types.js';
import { type Log, type Record } from './record.js';

interface Row {
  readonly [column: string]: string | null;
}

/** A copy of all tables beside them, and a disk that can be said to be full: what PostgreSQL then answers to whoever appends. */
const SET_UP = `
  CREATE SCHEMA suite;
  CREATE TABLE suite.full_disk (since timestamptz);
  CREATE FUNCTION suite.find_room() RETURNS trigger LANGUAGE plpgsql AS $$
  BEGIN
    IF EXISTS (SELECT FROM suite.full_disk) THEN
      RAISE EXCEPTION 'could not extend file "base/16384/16385": No space left on device' USING ERRCODE = '53100';
    END IF;
    RETURN NEW;
  END $$;
  CREATE TRIGGER find_room BEFORE INSERT ON public.change FOR EACH ROW EXECUTE FUNCTION suite.find_room()`;

/** The suite's own way to the database, past all proxies and without a line of the product. */
export class DatabaseSide {
  constructor(private readonly url: string) {}

  setUp(): Promise<void> {
    return this.connected(async (client) => void (await client.query(SET_UP)));
  }

  /** What an environment of a project has, all of it at one moment. */
  read(project: string, environment: string): Promise<{ log: Log; stored: Record['stored'] }> {
    return this.connected(async (client) => {
      await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY');
      const id = await environmentId(client, project, environment);
      const log = await readLog(client, id);
      const { rows: heads } = await client.query<Row>('SELECT * FROM environment_head WHERE environment_id = $1', [id]);
      const { rows } = await client.query<Row>('SELECT * FROM flag_state WHERE environment_id = $1 AND NOT deleted', [id]);
      await client.query('COMMIT');
      const flags = rows.map(({ definition }) => json<FlagDefinition>(definition));
      return { log, stored: { cursor: cursorOf(heads[0]), flags: new Map(flags.map((flag) => [flag.id, flag])) } };
    });
  }

  backUp(): Promise<void> {
    return this.connected(async (client) => {
      await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ');
      for (const table of await tables(client)) {
        await client.query(`DROP TABLE IF EXISTS suite."${table}"`);
        await client.query(`CREATE TABLE suite."${table}" AS TABLE public."${table}"`);
      }
      await client.query('COMMIT');
    });
  }

  /** Puts the copy back, for everybody at one moment, and gives the log as it was until then. */
  async restore(project: string, environment: string): Promise<Log> {
    for (;;) {
      const log = await this.tryToRestore(project, environment).catch((error: unknown) => {
        // With a writer; PostgreSQL ends either of the two.
        if ((error as pg.DatabaseError).code !== '40P01') throw error;
      });
      if (log !== undefined) return log;
    }
  }

  private tryToRestore(project: string, environment: string): Promise<Log> {
    return this.connected(async (client) => {
      const names = await tables(client);
      const all = names.map((table) => `public."${table}"`).join();
      await client.query('BEGIN');
      await client.query(`LOCK TABLE ${all} IN ACCESS EXCLUSIVE MODE`);
      const log = await readLog(client, await environmentId(client, project, environment));
      await client.query('SET LOCAL session_replication_role = replica');
      await client.query(`TRUNCATE ${all}`);
      for (const table of names) await client.query(`INSERT INTO public."${table}" TABLE suite."${table}"`);
      await client.query('COMMIT');
      return log;
    });
  }

  fillDisk(isFull: boolean): Promise<void> {
    const sql = isFull ? 'INSERT INTO suite.full_disk VALUES (now())' : 'DELETE FROM suite.full_disk';
    return this.connected(async (client) => void (await client.query(sql)));
  }

  private async connected<T>(work: (client: pg.Client) => Promise<T>): Promise<T> {
    const client = new pg.Client({ connectionString: this.url, connectionTimeoutMillis: 5000, statement_timeout: 20_000 });
    client.on('error', () => undefined);
    await client.connect();
    try {
      return await work(client);
    } finally {
      await client.end().catch(() => undefined);
    }
  }
}

async function tables(client: pg.Client): Promise<string[]> {
  const { rows } = await client.query<{ tablename: string }>(
    "SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY tablename",
  );
  return rows.map(({ tablename }) => tablename);
}

async function environmentId(client: pg.Client, project: string, environment: string): Promise<string> {
  const { rows } = await client.query<{ id: string }>(
    'SELECT e.id FROM environment e JOIN project p ON p.id = e.project_id WHERE p.key = $1 AND e.key = $2',
    [project, environment],
  );
  return rows[0]?.id ?? '';
}

async function readLog(client: pg.Client, id: string): Promise<Log> {
  const { rows: heads } = await client.query<Row>('SELECT * FROM environment_head WHERE environment_id = $1', [id]);
  const { rows } = await client.query<Row>('SELECT * FROM change WHERE environment_id = $1 ORDER BY revision', [id]);
  const origin = `${heads[0]?.['epoch']}.0.${heads[0]?.['origin_mark']}`;
  return {
    origin,
    rows: rows.map((row) => ({
      cursor: cursorOf(row),
      comment: row['comment'] ?? null,
      events: json<FlagEvent[]>(row['events']),
    })),
  };
}

function cursorOf(row: Row | undefined): string {
  return `${row?.['epoch']}.${row?.['revision']}.${row?.['mark']}`;
}

/** Text or JSON, whatever the column is. */
function json<T>(value: unknown): T {
  return (typeof value === 'string' ? JSON.parse(value) : value) as T;
}
