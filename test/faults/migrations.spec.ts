import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import { MIGRATIONS } from '../../src/database/migrations.js';
import { fixtureFolder, readManifest } from '../fixtures/db/manifest.js';
import { restore } from '../fixtures/db/postgres-dump.js';
import { freshDatabase, type FreshDatabase } from '../support/fresh-database.js';
import { poll } from '../support/poll-client.js';
import { startServer, type TestServer } from '../support/server.js';
import { SseProbe } from '../support/sse-client.js';
import { useServers } from '../support/use-servers.js';
import { eventually, holds } from '../support/wait.js';

const START_MS = 90_000;
const PATIENCE_MS = 30_000;
const NODES = [1, 2, 3];
const VERSION = '1';

const names = async (fresh: FreshDatabase) =>
  (await fresh.query<{ name: string }>('SELECT name FROM migrations ORDER BY id')).map(({ name }) => name);
const ALL = MIGRATIONS.map(({ name }) => name);
const migrated = (node: TestServer) => [...node.stdout().matchAll(/Migrated: (\w+)/g)].map(([, name]) => name);

async function earlier(): Promise<FreshDatabase> {
  const fresh = await freshDatabase('earlier');
  await restore(fresh.url, readFileSync(join(fixtureFolder(VERSION), 'postgres.sql'), 'utf8'));
  return fresh;
}

describe('nodes that start together on the database of an earlier version', () => {
  const start = useServers();

  it(
    'run each migration once, and serve what was there',
    async () => {
      const fresh = await earlier();
      const had = await names(fresh);
      const nodes = await Promise.all(NODES.map(() => start({ database: fresh.url, timeoutMs: START_MS })));
      expect(await names(fresh)).toEqual(ALL);
      expect(nodes.flatMap(migrated)).toEqual(ALL.filter((name) => !had.includes(name)));
      const { keys, flags } = readManifest(VERSION, 'postgres');
      for (const { url } of nodes) {
        expect((await poll({ url, key: keys.server })).json()).toMatchObject({ flags });
      }
    },
    2 * START_MS,
  );
});

describe('a node that is killed while it migrates', () => {
  const start = useServers();
  let holder: pg.Client | undefined;
  afterEach(() => holder?.end());

  it(
    'leaves nothing half done, and the others migrate',
    async () => {
      const fresh = await earlier();
      const had = await names(fresh);
      // Somebody reads a table that a later one of the migrations changes: it waits, and those before it have run.
      holder = new pg.Client({ connectionString: fresh.url });
      await holder.connect();
      await holder.query('BEGIN; LOCK TABLE change IN ACCESS SHARE MODE');
      const waits = `SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`;

      const options = { database: fresh.url, timeoutMs: START_MS, env: { FLAGWIRE_DB_STATEMENT_TIMEOUT_MS: '60000' } };
      const victim = await startServer({ ...options, until: 'live' });
      await eventually(async () => (await fresh.query(waits)).length === 1, { timeoutMs: START_MS, what: 'a migration' });
      const others = [start({ ...options, until: 'live' }), start({ ...options, until: 'live' })];
      const nodes = await Promise.all(others);
      const connected = `SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'flagwire'`;
      await eventually(async () => (await fresh.query(connected)).length >= NODES.length, { timeoutMs: START_MS });
      await holds(async () => (await fresh.query(waits)).length === 1, 1000, 'that one migrates');
      await victim.kill('SIGKILL');
      expect(await names(fresh)).toEqual(had);
      await holder.query('ROLLBACK');

      for (const node of nodes) await node.untilReady(START_MS);
      expect(await names(fresh)).toEqual(ALL);
      expect(nodes.flatMap(migrated)).toEqual(ALL.filter((name) => !had.includes(name)));
      await nodes[0]?.admin.createFlag('after-all');
      await victim.dispose();
    },
    3 * START_MS,
  );

  it(
    'does not keep the tables from nodes that run, where it waits for somebody who reads for long',
    async () => {
      const fresh = await earlier();
      holder = new pg.Client({ connectionString: fresh.url });
      await holder.connect();
      await holder.query('BEGIN; LOCK TABLE change IN ACCESS SHARE MODE');
      const env = { FLAGWIRE_DB_STATEMENT_TIMEOUT_MS: '500' };
      const node = await start({ database: fresh.url, timeoutMs: START_MS, env, until: 'live' });
      await eventually(() => /canceling statement due to lock timeout/.test(node.stdout()), { timeoutMs: PATIENCE_MS });
      // Whoever reads comes in between two attempts.
      await expect(fresh.query('SELECT count(*) FROM change')).resolves.toHaveLength(1);
      await holder.query('ROLLBACK');
      await node.untilReady(START_MS);
      expect(await names(fresh)).toEqual(ALL);
    },
    2 * START_MS,
  );
});

/** What the migration of a later version may do: nodes of this one run on beside it. */
const LATER = [
  `ALTER TABLE "change" ADD COLUMN reviewed_by text NULL`,
  `ALTER TABLE flag_state ADD COLUMN weight integer NOT NULL DEFAULT 7`,
  `ALTER TABLE sdk_key ADD COLUMN note text NULL`,
  `CREATE TABLE segment (id text PRIMARY KEY, environment_id text REFERENCES environment (id) ON DELETE CASCADE)`,
  `INSERT INTO migrations ("timestamp", name) VALUES (1999999999999, 'Segments1999999999999')`,
];

describe('a node on a database that a later version has migrated', () => {
  const start = useServers();

  it(
    'writes and follows beside another one, also when it starts anew',
    async () => {
      const fresh = await freshDatabase('later');
      const old = await start({ database: fresh.url, timeoutMs: START_MS });
      await old.admin.createFlag('before');
      const { key } = await old.admin.createKey('production');
      const followed = await SseProbe.connect({ url: old.url, key });
      await followed.waitForSync(PATIENCE_MS);
      for (const statement of LATER) await fresh.query(statement);

      const other = await start({ database: fresh.url, timeoutMs: START_MS });
      const fromOther = await SseProbe.connect({ url: other.url, key });
      for (const [index, node] of [other, old, other, old].entries()) {
        await node.admin.createFlag(`flag-${index}`);
        const { cursors } = await node.admin.patchEnv('before', 'production', {
          status: index % 2 === 0 ? 'enabled' : 'disabled',
        });
        for (const probe of [followed, fromOther]) await probe.waitForCursor(cursors['production'] ?? '', PATIENCE_MS);
      }
      const later = await other.admin.createKey('production');
      const byLater = await SseProbe.connect({ url: old.url, key: later.key });
      await byLater.waitForSync(PATIENCE_MS);
      expect([followed.state, fromOther.state]).toEqual([byLater.state, byLater.state]);
      await old.admin.revokeKey('production', later.id);
      await byLater.waitFor(({ type }) => type === 'Goodbye', PATIENCE_MS);

      await old.restart();
      await old.admin.createFlag('after');
      await fromOther.waitForState((state) => state.has('after'));
      for (const probe of [followed, fromOther]) probe.assertInOrder();
      expect((await names(fresh)).at(-1)).toBe('Segments1999999999999');
      await Promise.all([followed.close(), fromOther.close(), byLater.close()]);
    },
    3 * START_MS,
  );
});
