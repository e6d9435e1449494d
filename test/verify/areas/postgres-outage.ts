import assert from 'node:assert/strict';
import { type AdminAnswer } from '../../support/admin-client.js';
import { eventually } from '../../support/wait.js';
import { type Check } from '../check.js';
import { PATIENCE_MS } from '../patience.js';
import { strangersKey } from '../strangers-key.js';
import { problemOf } from './admin-refusals.js';

/** Short, so that nobody waits long for what cannot come. */
const QUICK = { FLAGWIRE_DB_CONNECT_TIMEOUT_MS: '500', FLAGWIRE_PING_S: '0.5' };

interface Ready {
  status: string;
  database: string;
}

function readiness({ status, body }: AdminAnswer): string {
  const { status: state, database } = body as Ready;
  return `${status} ${state}, database ${database}`;
}

export const postgresOutage: readonly Check[] = [
  {
    sentence: 'A server that starts without its database waits for it: it lives, is not ready, and tells streams to come back',
    on: 'postgres',
    async run(bench) {
      const database = await bench.postgres();
      await database.halt();
      const server = await bench.start({ database: database.url, env: QUICK, until: 'live' });
      const ready = await server.admin.as(null).request('GET', '/health/ready');
      assert.equal(ready.status, 503);
      // Of the right form, so that only the database could tell.
      const early = await bench.open({ url: server.url, key: strangersKey() });
      await early.closed;
      assert.equal(early.goodbye?.reason, 'overload');
      assert.ok((early.goodbye?.retry_after_ms ?? 0) > 0);
      const write = await server.admin.request('POST', '/api/projects', { key: 'early', name: 'Early' });
      assert.equal(write.status, 503);
      await database.start();
      await server.untilReady();
      await server.admin.createFlag('first');
      return `without: ready ${ready.status}, stream ${JSON.stringify(early.goodbye)}, write ${write.status}; with: ready, a flag was made`;
    },
  },
  {
    sentence: 'A database that goes away leaves streams and polls served; writes are 503; when it is back everything goes on',
    on: 'postgres',
    async run(bench) {
      const database = await bench.postgres();
      const server = await bench.start({ database: database.url, env: QUICK });
      const work = await bench.workspace(server);
      const cursor = await work.flag('a');
      const probe = await work.stream();
      await database.halt('immediate');

      const degraded = await eventually(
        async () => {
          const answer = await work.admin.as(null).request('GET', '/health/ready');
          assert.match(readiness(answer), /^200 degraded, database unreachable$/);
          return answer;
        },
        { timeoutMs: PATIENCE_MS, what: 'a degraded node' },
      );
      const [whole, same] = [await work.poll(), await work.poll('', { 'If-None-Match': `W/"${cursor}"` })];
      assert.deepEqual([whole.status, same.status], [200, 304]);
      const age = Number(same.header('flagwire-age-ms'));
      const resumed = await probe.reconnect();
      await resumed.waitForSync(PATIENCE_MS);
      await resumed.close();
      const path = work.projectPath('/flags/a/environments/live');
      const write = problemOf(await work.admin.request('PATCH', path, { status: 'disabled' }), 503);
      assert.equal(write.code, 'database_unavailable');
      const pings = probe.comments.length;
      await eventually(() => probe.comments.length > pings, { timeoutMs: PATIENCE_MS, what: 'a ping' });
      assert.ok(probe.isOpen);

      await database.start();
      const next = await eventually(() => work.edit('a', { status: 'disabled' }), { timeoutMs: PATIENCE_MS, what: 'a write' });
      await probe.waitForCursor(next, PATIENCE_MS);
      probe.assertInOrder();
      assert.equal(probe.checker.syncs, 1);
      const output = server.stdout() + server.stderr();
      assert.match(output, /"level":"warn"/);
      const secrets = [work.key.key.slice(-12), new URL(database.url).password];
      assert.ok(!secrets.some((secret) => output.includes(secret)), 'the log has a key or the password of the database');
      return `away: ${readiness(degraded)}, poll ${whole.status} and ${same.status} (${age} ms old), write ${write.code}; back: ${next} on the same stream`;
    },
  },
];
