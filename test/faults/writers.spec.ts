/** 800 changes on each database; with FLAGWIRE_TEST_FULL=1 the 6,400 of the promise. */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import { freshDatabase } from '../support/fresh-database.js';
import { type SeededRandom, withSeed } from '../support/random.js';
import { type TestServer } from '../support/server.js';
import { describeEachDatabase, useServers } from '../support/use-servers.js';
import { eventually } from '../support/wait.js';
import { PollFollower, StreamFollower } from './follower.js';
import { content, OwnWriter } from './own-writer.js';
import { RestWriter } from './rest-writer.js';
import { gaps, wholeLog } from './whole-log.js';

const CHANGES = process.env['FLAGWIRE_TEST_FULL'] === '1' ? 6400 : 800;
const WRITERS = 16;
const FLAGS = Array.from({ length: 40 }, (_, index) => `flag-${index}`);
const LIMIT_MS = 600_000;
const ROLLED_BACK = 'rolled back';

class RollBack extends Error {}

/** Holds its transaction open at random, and rolls it back at random, after it has announced itself in the log. */
async function holdAndWrite(writer: OwnWriter, id: number, random: SeededRandom): Promise<string | null> {
  const rollsBack = random.chance(0.25);
  const flags = Array.from({ length: random.int(1, 3) }, (_, index) =>
    content(`held-${id}-${index}`, rollsBack ? ROLLED_BACK : `number ${random.int(0, 1_000_000)}`),
  );
  try {
    return await writer.write(async (manager) => {
      const cursor = await writer.append(manager, flags);
      if (random.chance(0.3)) await sleep(random.int(0, 15));
      if (rollsBack) throw new RollBack();
      return cursor;
    });
  } catch (error) {
    if (error instanceof RollBack) return null;
    throw error;
  }
}

describeEachDatabase('16 writers who hold their transactions open and roll back', (database) => {
  const start = useServers();
  const opened: OwnWriter[] = [];
  afterAll(async () => {
    for (const writer of opened) await writer.close();
  });

  async function nodes(): Promise<TestServer[]> {
    const one = await start({ database });
    return database === 'sqlite' ? [one] : [one, await start({ database: one.databaseUrl })];
  }

  it(
    'make one order that every client of every node is told, without a miss, a repeat or a swap',
    () =>
      withSeed(async (random) => {
        const servers = await nodes();
        const [server] = servers as [TestServer];
        const own = await OwnWriter.open(server.databaseUrl);
        opened.push(own);
        for (const flag of FLAGS) await server.admin.createFlag(flag);
        const { key } = await server.admin.createKey('production');
        const origin = (await own.truth()).cursor;
        const followers = servers.flatMap(({ url }) => [
          new StreamFollower({ url, key }),
          new StreamFollower({ url, key }),
          new PollFollower({ url, key }),
        ]);
        await eventually(() => followers.every(({ cursor }) => cursor === origin), { timeoutMs: 20_000 });

        let left = CHANGES;
        const takeOne = () => left-- > 0;
        const confirmed: string[] = [];
        // SQLite takes one writing process: there all sixteen come by REST.
        const held = database === 'sqlite' ? 0 : WRITERS / 2;
        const rest = Array.from({ length: WRITERS - held }, (_, index) => {
          return new RestWriter(servers[index % servers.length] ?? server, FLAGS, random.fork());
        });
        const holding = Array.from({ length: held }, async (_, id) => {
          const source = random.fork();
          while (takeOne()) {
            const cursor = await holdAndWrite(own, id, source);
            if (cursor !== null) confirmed.push(cursor);
            await sleep(source.int(0, 4));
          }
        });
        await Promise.all([...rest.map((writer) => writer.run(takeOne)), ...holding]);
        confirmed.push(...rest.flatMap(({ written }) => written.cursors));

        const cursors = (await wholeLog(server)).map(({ cursor }) => cursor);
        const made = cursors.slice(cursors.indexOf(origin) + 1);
        expect(made.length).toBeGreaterThan(CHANGES / 2);
        expect(gaps([origin, ...made])).toEqual([]);
        const known = new Set(cursors);
        expect(confirmed.filter((cursor) => !known.has(cursor))).toEqual([]);
        const outcomes = Object.assign({}, ...rest.map(({ written }) => written.outcomes)) as Record<string, number>;
        expect(Object.keys(outcomes).sort()).toEqual(expect.arrayContaining(['200', '400', '412']));
        expect([outcomes['500'], outcomes['lost']]).toEqual([undefined, undefined]);

        const truth = await own.truth();
        for (const follower of followers) {
          await eventually(() => follower.cursor === truth.cursor, { timeoutMs: 30_000, what: `the end of a ${follower.name}` });
          await follower.stop();
          expect([follower.faults, follower.syncs.full]).toEqual([[], 1]);
          expect(follower.applied.map(({ cursor }) => cursor)).toEqual(made);
          expect(follower.state).toEqual(truth.state);
          expect(JSON.stringify(follower.applied)).not.toContain(ROLLED_BACK);
        }
      }),
    LIMIT_MS,
  );
});

/** What Flagwire does not do. If nothing were lost here, the test above would prove nothing. */
describe('the same writers on a table with a serial id, and a reader of `id > last`', () => {
  it(
    'lose rows',
    () =>
      withSeed(async (random) => {
        const fresh = await freshDatabase('control');
        const pool = new pg.Pool({ connectionString: fresh.url, max: WRITERS + 1 });
        try {
          await pool.query('CREATE TABLE naive (id serial PRIMARY KEY)');
          let left = 400;
          let done = false;
          const committed = new Set<number>();
          const writing = Array.from({ length: WRITERS }, async () => {
            const source = random.fork();
            while (left-- > 0) {
              const client = await pool.connect();
              await client.query('BEGIN');
              const { rows } = await client.query<{ id: number }>('INSERT INTO naive DEFAULT VALUES RETURNING id');
              if (source.chance(0.3)) await sleep(source.int(0, 15));
              const rollsBack = source.chance(0.25);
              await client.query(rollsBack ? 'ROLLBACK' : 'COMMIT');
              if (!rollsBack) committed.add(rows[0]?.id ?? 0);
              client.release();
            }
          });
          const seen = new Set<number>();
          const reader = (async () => {
            for (let last = 0, final = false; !final;) {
              final = done;
              const { rows } = await pool.query<{ id: number }>('SELECT id FROM naive WHERE id > $1 ORDER BY id', [last]);
              for (const { id } of rows) seen.add(id);
              last = rows.at(-1)?.id ?? last;
            }
          })();
          await Promise.all(writing);
          done = true;
          await reader;
          const lost = [...committed].filter((id) => !seen.has(id));
          expect(lost.length).toBeGreaterThan(0);
        } finally {
          await pool.end();
          await fresh.drop();
        }
      }),
    LIMIT_MS,
  );
});
