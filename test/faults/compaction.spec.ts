import { afterAll, beforeAll, beforeEach, expect, it } from '@jest/globals';
import { Logger } from '@nestjs/common';
import pg from 'pg';
import { DataSource } from 'typeorm';
import { AuditCompaction } from '../../src/auth/audit/audit-compaction.js';
import { AuditRecordRow } from '../../src/auth/audit/audit-record.entity.js';
import { Change } from '../../src/changes/change.entity.js';
import { EnvironmentHead } from '../../src/changes/environment-head.entity.js';
import { LogCompaction } from '../../src/changes/log-compaction.js';
import { SystemClock } from '../../src/common/clock.js';
import { readConfig } from '../../src/config/config.js';
import { dataSourceOptions } from '../../src/database/data-source-options.js';
import { Database } from '../../src/database/database.js';
import { auditTrail } from '../support/audit-pages.js';
import { poll, type DeltaBody } from '../support/poll-client.js';
import { type TestServer } from '../support/server.js';
import { describeEachDatabase, useServers } from '../support/use-servers.js';
import { eventually } from '../support/wait.js';
import { content, OwnWriter } from './own-writer.js';
import { wholeLog } from './whole-log.js';

const FLOOR = 5;
/** More than one transaction takes. */
const CHANGES = 520;
const SETTINGS = {
  FLAGWIRE_FLOOR_REVISIONS: String(FLOOR),
  FLAGWIRE_FLOOR_S: '0',
  FLAGWIRE_AUDIT_KEEP_S: String(30 * 86_400),
  FLAGWIRE_RING_REVISIONS: '1',
};
const LONG_AGO = '2020-01-01T00:00:00.000Z';

/** What each node has, in this process: `run()` is what its timer calls. */
async function compactor(url: string, settings: object = SETTINGS) {
  const config = readConfig({ DATABASE_URL: url, ...settings });
  const source = new DataSource({ ...dataSourceOptions(config), entities: [EnvironmentHead, Change, AuditRecordRow] });
  const database = new Database(source, config);
  await database.open();
  const compaction = new AuditCompaction(database, new LogCompaction(config), new SystemClock(), config);
  const close = async () => {
    await database.onApplicationShutdown();
    await source.destroy();
  };
  return { run: () => compaction.run(), close };
}

describeEachDatabase('the compaction of the audit trails', (database) => {
  const start = useServers();
  let server: TestServer;
  let writer: OwnWriter;
  let nodes: Awaited<ReturnType<typeof compactor>>[];
  let key: string;

  beforeAll(async () => {
    Logger.overrideLogger(false);
    server = await start({ database, env: SETTINGS });
    await server.admin.createFlag('one');
    key = (await server.admin.createKey('production')).key;
    writer = await OwnWriter.open(server.databaseUrl);
    nodes = await Promise.all([1, 2, 3].map(() => compactor(server.databaseUrl)));
  });
  afterAll(async () => {
    await Promise.all([writer, ...(nodes ?? [])].map((each) => each?.close()));
  });

  /** So many changes, and all of them long ago. */
  beforeEach(async () => {
    await writer.write(async (manager) => {
      for (let count = 0; count < CHANGES; count += 1) await writer.append(manager, [content('one', `number ${count}`)]);
      await manager.query(`UPDATE "change" SET created_at = '${LONG_AGO}'`);
    });
    await eventually(async () => (await cursors()).at(-1) === (await writer.truth()).cursor);
  });

  const cursors = async () => (await wholeLog(server)).map(({ cursor }) => cursor);
  const since = async (cursor: string) => {
    const answer = await poll({ url: server.url, key, query: { since: cursor } });
    return (answer.json() as DeltaBody).mode;
  };

  it('keeps every row that a client can resume from, and no older one', async () => {
    const before = await cursors();
    await nodes[0]?.run();
    const kept = before.slice(-(FLOOR + 1));
    expect(await cursors()).toEqual(kept);
    for (const cursor of kept) expect(await since(cursor)).toBe('delta');
    expect(await since(before.at(-FLOOR - 2) ?? '')).toBe('full');
    const { status, body } = await server.admin.request('POST', '/api/projects/default/environments/production/rollback', {
      to_revision: 1,
    });
    expect([status, body]).toEqual([409, expect.objectContaining({ code: 'revision_not_kept' })]);
  });

  it('keeps rows that are younger than the settings say, and the one before them', async () => {
    const before = await cursors();
    const young = before.at(-20) ?? '';
    await writer.write((manager) =>
      manager.query(`UPDATE "change" SET created_at = '2999-01-01T00:00:00.000Z' WHERE revision >= ${young.split('.')[1]}`),
    );
    await nodes[0]?.run();
    expect(await cursors()).toEqual(before.slice(-21));
  });

  it('removes what was done beside flags, too, and goes on counting', async () => {
    const records = await auditTrail(server.admin);
    expect(records.length).toBeGreaterThan(1);
    const last = records.at(-1)?.id ?? 0;
    await writer.write((manager) => manager.query(`UPDATE audit_record SET created_at = '${LONG_AGO}' WHERE sequence < ${last}`));
    await nodes[0]?.run();
    expect((await auditTrail(server.admin)).map(({ id }) => id)).toEqual([last]);
    await server.admin.createKey('staging');
    expect((await auditTrail(server.admin)).at(-1)?.id).toBe(last + 1);
  });

  it('keeps everything for ever, where nothing else is said', async () => {
    const before = await cursors();
    const forgetful = await compactor(server.databaseUrl, { ...SETTINGS, FLAGWIRE_AUDIT_KEEP_S: '' });
    expect(await forgetful.run()).toBe(0);
    await forgetful.close();
    expect(await cursors()).toEqual(before);
  });

  if (database === 'sqlite') return;

  it('removes each row once, where three nodes begin at the same moment', async () => {
    const before = await cursors();
    const removed = await Promise.all(nodes.map((node) => node.run()));
    // Who found another one at it left the rest to it; that one may have ended before.
    const rest = (await nodes[0]?.run()) ?? 0;
    expect(removed.reduce((sum, count) => sum + count, rest)).toBe(before.length - FLOOR - 1);
    expect(await cursors()).toEqual(before.slice(-(FLOOR + 1)));
  });

  async function session(sql: string): Promise<pg.Client> {
    const client = new pg.Client({ connectionString: server.databaseUrl });
    await client.connect();
    await client.query(`BEGIN; ${sql}`);
    return client;
  }

  it('is done by one node at a time', async () => {
    const before = await cursors();
    const other = await session(`SELECT pg_advisory_xact_lock(hashtext('flagwire compaction'))`);
    expect(await Promise.all(nodes.map((node) => node.run()))).toEqual([0, 0, 0]);
    expect(await cursors()).toEqual(before);
    await other.end();
    expect(await nodes[0]?.run()).toBe(before.length - FLOOR - 1);
  });

  it('keeps no writer waiting, however long it takes', async () => {
    // Its transaction is open as long as this row is locked.
    const own = `environment_id = '${writer.environmentId}'`;
    const other = await session(`SELECT * FROM "change" WHERE ${own} ORDER BY revision LIMIT 1 FOR UPDATE`);
    const onlooker = await session('COMMIT');
    const running = nodes[0]?.run();
    const waits = `SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`;
    await eventually(async () => (await onlooker.query(waits)).rowCount === 1, { timeoutMs: 10_000, what: 'the compaction' });
    const { status } = await server.admin.patchEnv('one', 'production', { status: 'deprecated' });
    await server.admin.createKey('staging');
    expect([status, (await onlooker.query(waits)).rowCount]).toEqual([200, 1]);
    await server.admin.patchEnv('one', 'production', { status: 'enabled' });
    await Promise.all([other.end(), onlooker.end()]);
    expect(await running).toBeGreaterThan(0);
  });
});
