import Sqlite from 'libsql';
import pg from 'pg';

/** The SQLite file of a `DATABASE_URL`. */
export function fileOf(databaseUrl: string): string {
  return databaseUrl.replace(/^sqlite:(\/\/)?/, '');
}

/** One statement in the database of a server, beside that server. */
export async function rowsOf<Row extends object>(databaseUrl: string, sql: string): Promise<Row[]> {
  if (databaseUrl.startsWith('sqlite:')) {
    const file = new Sqlite(fileOf(databaseUrl));
    try {
      return file.prepare(sql).all() as Row[];
    } finally {
      file.close();
    }
  }
  return withPostgres(databaseUrl, async (client) => (await client.query<Row>(sql)).rows);
}

/** A connection of its own, closed at the end. */
export async function withPostgres<T>(url: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: url });
  client.on('error', () => undefined); // the query reports it
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}
