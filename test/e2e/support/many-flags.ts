import libsql from 'libsql';
import { type TestServer } from '../../support/server.js';

export const CROWD = { project: 'crowd' };
export const LIVE = 'live';

/** What is different in a copy's row, by table and column, as SQL of the copy's number `n`. */
const COPIES: Record<string, Record<string, string>> = {
  flag: { id: `'copy-' || n`, key: `printf('f%05d', n)` },
  flag_setting: { flag_id: `'copy-' || n` },
  flag_state: { flag_id: `printf('f%05d', n)`, definition: `json_set(definition, '$.id', printf('f%05d', n))` },
};

/**
 * Makes a project with one environment of `count` equal flags, `f00001` and on, and gives a server key of it. On SQLite alone:
 * one flag comes in by the API, the others are copies of its rows made while the server is down, in a second instead of
 * minutes. The server is started again.
 */
export async function fillWithFlags(server: TestServer, count: number, fields: object): Promise<string> {
  await server.admin.createProject(CROWD.project);
  await server.admin.createEnvironment(LIVE, CROWD);
  await server.admin.createFlag('f00001', { ...fields, environments: { [LIVE]: { status: 'enabled' } } }, CROWD);
  const { key } = await server.admin.createKey(LIVE, 'server', {}, CROWD);
  await server.stop();
  const database = new libsql(server.databaseUrl.replace('sqlite:', ''));
  try {
    database.exec('BEGIN');
    for (const [table, different] of Object.entries(COPIES)) {
      const columns = (database.prepare(`PRAGMA table_info(${table})`).all() as { name: string }[]).map(({ name }) => name);
      const values = columns.map((name) => different[name] ?? name);
      database.exec(
        `WITH RECURSIVE counter(n) AS (SELECT 2 UNION ALL SELECT n + 1 FROM counter WHERE n < ${count})
         INSERT INTO ${table} (${columns.join(', ')}) SELECT ${values.join(', ')} FROM ${table}, counter`,
      );
    }
    database.exec('COMMIT');
  } finally {
    database.close();
  }
  await server.restart();
  return key;
}
