/** 20 kills on SQLite and 6 on PostgreSQL; with FLAGWIRE_TEST_FULL=1 the 50 of the promise, and 15. */
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from '@jest/globals';
import { parseCursor } from '../support/cursor.js';
import { SincePoller } from '../support/poll-client.js';
import { withSeed } from '../support/random.js';
import { describeEachDatabase, useServers } from '../support/use-servers.js';
import { eventually } from '../support/wait.js';
import { PollFollower, StreamFollower } from './follower.js';
import { OwnWriter } from './own-writer.js';
import { RestWriter } from './rest-writer.js';
import { gaps, wholeLog } from './whole-log.js';

const KILLS = process.env['FLAGWIRE_TEST_FULL'] === '1' ? { sqlite: 50, postgres: 15 } : { sqlite: 20, postgres: 6 };
const WRITERS = 8;
/** So many that a delta may be long: 2 x flags + 100 events. */
const FLAGS = Array.from({ length: 200 }, (_, index) => `flag-${index}`);
const LIMIT_MS = 600_000;

describeEachDatabase('a server that is killed at random moments', (database) => {
  const start = useServers();

  it(
    'keeps every change that it has confirmed, and every client goes on from its cursor',
    () =>
      withSeed(async (random) => {
        const server = await start({ database, timeoutMs: 60_000 });
        for (const flag of FLAGS) await server.admin.createFlag(flag);
        const { key } = await server.admin.createKey('production');
        const request = { url: server.url, key };
        const followers = [new StreamFollower(request), new StreamFollower(request), new PollFollower(request)];
        const first = new SincePoller(request);
        await first.poll();
        await eventually(() => followers.every(({ cursor }) => cursor !== 'none'), { timeoutMs: 20_000 });
        const since = parseCursor(first.cursor)?.revision ?? 0;

        let goesOn = true;
        const writers = Array.from({ length: WRITERS }, () => new RestWriter(server, FLAGS, random.fork()));
        const running = writers.map((writer) => writer.run(() => goesOn));
        for (let kill = 0; kill < KILLS[database]; kill += 1) {
          await sleep(random.int(0, 400)); // the moment is what is random here
          await server.restart('SIGKILL');
        }
        await eventually(() => followers.every(({ cursor }) => cursor !== 'none'), { timeoutMs: 20_000 });
        goesOn = false;
        await Promise.all(running);

        const log = (await wholeLog(server)).filter(({ revision }) => revision > since);
        const cursors = log.map(({ cursor }) => cursor);
        expect(gaps([first.cursor, ...cursors])).toEqual([]);
        const known = new Set([first.cursor, ...cursors]);
        const confirmed = writers.flatMap(({ written }) => written.cursors);
        expect(confirmed.length).toBeGreaterThan(KILLS[database]);
        expect(confirmed.filter((cursor) => !known.has(cursor))).toEqual([]);

        const writer = await OwnWriter.open(server.databaseUrl);
        const truth = await writer.truth();
        await writer.close();
        expect(truth.cursor).toBe(cursors.at(-1));
        for (const follower of followers) {
          await eventually(() => follower.cursor === truth.cursor, { timeoutMs: 20_000, what: `the end of a ${follower.name}` });
          await follower.stop();
          expect(follower.faults).toEqual([]);
          // One full sync, the first; every kill was survived by resuming.
          expect(follower.syncs.full).toBe(1);
          expect(gaps([first.cursor, ...follower.applied.map(({ cursor }) => cursor)].slice(-cursors.length))).toEqual([]);
          expect(follower.state).toEqual(truth.state);
        }

        // Whoever kept a cursor that was handed out before the last kill is told what came after it, and nothing else.
        for (let pick = 0; pick < 20; pick += 1) {
          const at = random.int(Math.max(0, cursors.length - 60), cursors.length - 1);
          const old = new SincePoller(request, { cursor: cursors[at] ?? '' });
          const { mode } = await old.poll();
          old.assertInOrder();
          expect([mode, old.applied.map(({ cursor }) => cursor)]).toEqual(['delta', cursors.slice(at + 1)]);
        }
        const outcomes = writers.map(({ written }) => written.outcomes);
        expect(outcomes.some((outcome) => (outcome['lost'] ?? 0) > 0)).toBe(true);
      }),
    LIMIT_MS,
  );
});
