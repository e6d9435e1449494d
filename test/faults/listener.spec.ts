import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import { DataSource } from 'typeorm';
import { CHANNEL, Echoes } from '../../src/changes/echoes.js';
import { readConfig } from '../../src/config/config.js';
import { dataSourceOptions } from '../../src/database/data-source-options.js';
import { Database } from '../../src/database/database.js';
import { freshDatabase, type FreshDatabase } from '../support/fresh-database.js';
import { type TestServer } from '../support/server.js';
import { SseProbe } from '../support/sse-client.js';
import { useServers } from '../support/use-servers.js';
import { eventually } from '../support/wait.js';
import { content, OwnWriter } from './own-writer.js';

const PATIENCE_MS = 20_000;
const LISTENERS = `FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'flagwire listener'`;
/** The longest that it can be set to: what arrives sooner does not owe that to the tail. */
const TAIL_MS = 10_000;
const ROUNDS = 5;

describe('a node whose listening session is ended by the database again and again', () => {
  const start = useServers();
  let fresh: FreshDatabase;
  let server: TestServer;
  let writer: OwnWriter;

  beforeAll(async () => {
    fresh = await freshDatabase('listener');
    server = await start({ database: fresh.url, env: { FLAGWIRE_TAIL_MS: String(TAIL_MS) } });
    writer = await OwnWriter.open(fresh.url);
  });
  afterAll(() => writer?.close());

  it('has what was committed and announced while nobody listened as soon as it listens again', async () => {
    const { key } = await server.admin.createKey('production');
    const probe = await SseProbe.connect({ url: server.url, key });
    await probe.waitForSync(PATIENCE_MS);
    const write = (text: string) => writer.write((manager) => writer.append(manager, [content('one', text)]));
    const sessions = new Set<number>();
    for (let round = 0; round < ROUNDS; round += 1) {
      const isThere = async () => (await fresh.query<{ pid: number }>(`SELECT pid ${LISTENERS}`))[0]?.pid;
      const pid = (await eventually(isThere, { timeoutMs: PATIENCE_MS, what: 'a listener' })) ?? 0;
      sessions.add(pid);
      await probe.waitForCursor(await write(`heard ${round}`), TAIL_MS / 2);
      await fresh.query(`SELECT pg_terminate_backend(pid) ${LISTENERS}`);
      // Nobody is there to hear of these.
      await eventually(async () => (await isThere()) !== pid, { timeoutMs: PATIENCE_MS, what: 'the end of a listener' });
      await write(`lost ${round}`);
      await probe.waitForCursor(await write(`lost ${round}, again`), TAIL_MS / 2);
    }
    expect(sessions.size).toBe(ROUNDS);
    probe.assertInOrder();
    await probe.close();
  });
});

describe('whether what is sent is heard', () => {
  it('is told when it is, and when it is not any more', async () => {
    const fresh = await freshDatabase('echoes');
    const config = readConfig({ DATABASE_URL: fresh.url });
    const source = new DataSource({ ...dataSourceOptions(config), entities: [] });
    const database = new Database(source, config);
    await database.open();
    const listener = new pg.Client({ connectionString: fresh.url });
    await listener.connect();
    await listener.query(`LISTEN ${CHANNEL}`);
    const echoes = new Echoes(database, 50);
    const taken: boolean[] = [];
    listener.on('notification', ({ payload = '' }) => taken.push(echoes.take(payload)));
    const told: boolean[] = [];
    echoes.watch((arrive) => told.push(arrive));
    await eventually(() => told.length > 2, { timeoutMs: PATIENCE_MS });
    await fresh.query(`SELECT pg_notify('${CHANNEL}', 'an environment')`);
    await eventually(() => taken.includes(false), { timeoutMs: PATIENCE_MS });
    expect(told).not.toContain(false);

    await listener.query('UNLISTEN *');
    await eventually(() => told.at(-1) === false, { timeoutMs: PATIENCE_MS });
    echoes.stop();
    const count = told.length;
    await listener.end();
    await source.destroy();
    expect(told).toHaveLength(count);
  });
});
