import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import { freshDatabase, type FreshDatabase } from '../support/fresh-database.js';
import { hasPgbouncer, startPgbouncer, type TestPgbouncer } from '../support/pgbouncer.js';
import { withSeed } from '../support/random.js';
import { type TestServer } from '../support/server.js';
import { skipIf } from '../support/skip-if.js';
import { useServers } from '../support/use-servers.js';
import { eventually } from '../support/wait.js';
import { type Follower, PollFollower, StreamFollower } from './follower.js';
import { metric } from './metric.js';
import { OwnWriter } from './own-writer.js';
import { RestWriter } from './rest-writer.js';
import { gaps, wholeLog } from './whole-log.js';

const given = skipIf(!hasPgbouncer(), 'pgbouncer is not installed');

const PATIENCE_MS = 30_000;
const START_MS = 90_000;
const WRITERS = 8;
const REQUESTS = 25;
const FLAGS = Array.from({ length: 12 }, (_, index) => `flag-${index}`);
const STATEMENT_MS = 1000;
const PARAMETERS = 'extra_float_digits, statement_timeout, lock_timeout, idle_in_transaction_session_timeout';

/** Both ways in which pgbouncer treats what it does not know, with and without a way past it. */
const CASES = [
  { name: 'that refuses start-up parameters, and no other way', settings: {}, isDirect: false },
  {
    name: 'that ignores start-up parameters, and a way to LISTEN',
    settings: { ignore_startup_parameters: PARAMETERS },
    isDirect: true,
  },
];

const WAITING = `SELECT pid, query FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`;
const output = (server: TestServer) => server.stdout() + server.stderr();
const isDeaf = /LISTEN was answered and brings nothing; .* set DATABASE_LISTEN_URL/g;

given.describe('nodes behind pgbouncer in transaction mode', () => {
  describe.each(CASES)('$name', ({ settings, isDirect }) => {
    const start = useServers();
    let fresh: FreshDatabase;
    let pooler: TestPgbouncer;
    let nodes: TestServer[];
    let key: string;
    const sessions: pg.Client[] = [];

    const first = () => nodes[0] as TestServer;
    const ready = async (node: TestServer) => (await node.admin.as(null).request('GET', '/health/ready')).body;
    const disable = () =>
      first().admin.request('PATCH', '/api/projects/default/flags/flag-0/environments/production', { status: 'disabled' });

    /** A session of somebody else, past the pooler, that holds what `sql` locks. */
    async function holding(sql: string): Promise<pg.Client> {
      const client = new pg.Client({ connectionString: fresh.url });
      sessions.push(client.on('error', () => undefined));
      await client.connect();
      await client.query(`BEGIN; ${sql}`);
      return client;
    }

    beforeAll(async () => {
      fresh = await freshDatabase('pooled');
      pooler = await startPgbouncer(fresh.url, settings);
      const env = {
        FLAGWIRE_DB_STATEMENT_TIMEOUT_MS: String(STATEMENT_MS),
        DATABASE_LISTEN_URL: isDirect ? fresh.url : undefined,
      };
      const options = { database: pooler.through(fresh.url), env, timeoutMs: START_MS };
      nodes = await Promise.all([start(options), start(options)]);
      for (const flag of FLAGS) await first().admin.createFlag(flag);
      key = (await first().admin.createKey('production')).key;
    }, 2 * START_MS);
    afterEach(async () => {
      for (const session of sessions.splice(0)) await session.end();
    });
    afterAll(async () => {
      await pooler?.stop();
      await fresh?.drop();
    });

    it('start, migrate, and deliver each change of many writers to every client, in order', () =>
      withSeed(async (random) => {
        const requests = nodes.map(({ url }) => ({ url, key }));
        const followers: Follower[] = requests.flatMap((request) => [
          new StreamFollower(request),
          new StreamFollower(request),
          new PollFollower(request),
        ]);
        // One of the nodes is deaf: it may not have read yet what the other has written.
        const head = (await wholeLog(first())).at(-1)?.cursor;
        await eventually(() => followers.every(({ cursor }) => cursor === head), { timeoutMs: PATIENCE_MS });
        const had = new Map(followers.map((follower) => [follower, follower.applied.length]));

        const writers = Array.from({ length: WRITERS }, (_, index) => {
          return new RestWriter(nodes[index % nodes.length] as TestServer, FLAGS, random.fork());
        });
        await Promise.all(
          writers.map(async (writer) => {
            for (let request = 0; request < REQUESTS; request += 1) await writer.one();
          }),
        );
        const outcomes = new Set(writers.flatMap(({ written }) => Object.keys(written.outcomes)));
        expect([...outcomes].filter((outcome) => !['200', '400', '404', '412'].includes(outcome))).toEqual([]);

        const log = (await wholeLog(first())).map(({ cursor }) => cursor);
        const made = log.slice(log.indexOf(head ?? '') + 1);
        expect(made.length).toBeGreaterThan(WRITERS * REQUESTS * 0.5);
        const own = await OwnWriter.open(fresh.url);
        const truth = await own.truth();
        await own.close();
        for (const follower of followers) {
          await eventually(() => follower.cursor === truth.cursor, { timeoutMs: PATIENCE_MS, what: follower.name });
          await follower.stop();
          expect([follower.faults, follower.syncs.full, gaps(follower.applied.map(({ cursor }) => cursor))]).toEqual([[], 1, []]);
          expect(follower.applied.slice(had.get(follower)).map(({ cursor }) => cursor)).toEqual(made);
          expect(follower.state).toEqual(truth.state);
        }
      }));

    it('say whether wake-ups arrive, once on the log', async () => {
      const wanted = isDirect ? { status: 'ok', listener: 'ok' } : { status: 'degraded', listener: 'deaf' };
      for (const node of nodes) {
        await eventually(async () => expect(await ready(node)).toMatchObject(wanted), { timeoutMs: PATIENCE_MS });
        expect(await metric(node, 'flagwire_listener_connected')).toBe(isDirect ? 1 : 0);
        expect(output(node).match(isDeaf) ?? []).toHaveLength(isDirect ? 0 : 1);
      }
    });

    it('refuse a write that waits for a lock for too long with 503, and leave nobody waiting in the database', async () => {
      await holding('SELECT * FROM environment_head FOR UPDATE');
      const { status, headers } = await disable();
      expect([status, Number(headers['retry-after']) > 0]).toEqual([503, true]);
      expect(await fresh.query(WAITING)).toEqual([]);
    });

    it('refuse a read that waits for a lock for too long with 503, and leave nobody waiting in the database', async () => {
      await holding('LOCK TABLE project IN ACCESS EXCLUSIVE MODE');
      expect((await first().admin.request('GET', '/api/projects')).status).toBe(503);
      expect(await fresh.query(WAITING)).toEqual([]);
    });

    it('leave no session of the pooler with a setting of theirs', async () => {
      const through = new pg.Pool({ connectionString: pooler.through(fresh.url), max: 5 });
      const clients = await Promise.all(Array.from({ length: 5 }, () => through.connect()));
      // In transactions, so that each has a session of its own.
      const settings = await Promise.all(
        clients.map(async (client) => {
          await client.query('BEGIN');
          const { rows } = await client.query<{ statement_timeout: string }>('SHOW statement_timeout');
          return rows[0]?.statement_timeout;
        }),
      );
      expect(settings).toEqual(['0', '0', '0', '0', '0']);
      for (const client of clients) client.release(true);
      await through.end();
    });
  });

  describe('that has one connection for all of them', () => {
    const start = useServers();

    it(
      'migrate, one after the other, and work',
      async () => {
        const fresh = await freshDatabase('narrow');
        const pooler = await startPgbouncer(fresh.url, { default_pool_size: '1' });
        try {
          const options = { database: pooler.through(fresh.url), timeoutMs: START_MS };
          const nodes = await Promise.all([1, 2, 3].map(() => start(options)));
          expect(nodes.filter((node) => /Migrated:/.test(node.stdout()))).toHaveLength(1);
          await Promise.all(nodes.map((node, index) => node.admin.createFlag(`of-${index}`)));
          const projects = await fresh.query('SELECT key FROM flag');
          expect(projects).toHaveLength(3);
          for (const node of nodes) await node.stop();
        } finally {
          await pooler.stop();
        }
      },
      2 * START_MS,
    );
  });
});
