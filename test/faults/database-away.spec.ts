import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { freshDatabase } from '../support/fresh-database.js';
import { EtagPoller, poll, SincePoller } from '../support/poll-client.js';
import { startPostgres, type TestPostgres } from '../support/postgres.js';
import { type TestServer } from '../support/server.js';
import { SseProbe } from '../support/sse-client.js';
import { TcpProxy } from '../support/tcp-proxy.js';
import { useServers } from '../support/use-servers.js';
import { eventually, holds } from '../support/wait.js';
import { gaps, wholeLog } from './whole-log.js';

const PATIENCE_MS = 30_000;
const TOGGLES = [{ status: 'disabled' }, { status: 'enabled' }] as const;

async function health(server: TestServer, probe: 'live' | 'ready'): Promise<{ status: number; body: unknown }> {
  const { status, body } = await server.admin.as(null).request('GET', `/health/${probe}`);
  return { status, body };
}

describe('a node without its PostgreSQL', () => {
  const start = useServers();
  let postgres: TestPostgres;
  let server: TestServer;
  let key: string;

  const edit = (attempt: number) =>
    server.admin.request('PATCH', '/api/projects/default/flags/one/environments/production', TOGGLES[attempt % 2]);

  beforeAll(async () => {
    postgres = await startPostgres();
    const database = (await freshDatabase('away', postgres.url)).url;
    server = await start({ database });
    await server.admin.createFlag('one');
    key = (await server.admin.createKey('production')).key;
  });
  afterEach(async () => {
    if (postgres.pid === undefined) await postgres.start();
  });
  afterAll(async () => {
    await server?.kill();
    await postgres?.stop();
  });

  it('starts, answers that it is not ready, and works as soon as the database comes', async () => {
    await server.kill();
    await postgres.halt();
    const early = await start({ database: server.databaseUrl, port: server.port, until: 'live' });
    await eventually(() =>
      /database cannot be reached \(\S.*\)\. Trying again in [\d.]+ s/i.test(early.stdout() + early.stderr()),
    );
    expect(await health(early, 'live')).toEqual({ status: 200, body: { status: 'ok' } });
    expect(await health(early, 'ready')).toMatchObject({ status: 503, body: { status: 'starting', staleness_ms: null } });

    const probe = await SseProbe.connect({ url: early.url, key, cursor: 'abcdefgh.1.abcdef' });
    expect(await probe.closed).toEqual({ by: 'server' });
    expect(probe.goodbye).toEqual({ reason: 'overload', retry_after_ms: probe.retry });
    expect([probe.cursor, probe.retry === undefined]).toEqual(['abcdefgh.1.abcdef', false]);
    probe.assertInOrder();
    expect((await poll({ url: early.url, key })).status).toBe(503);
    const write = await early.admin.request('POST', '/api/projects', { key: 'new', name: 'New' });
    expect([write.status, write.body]).toEqual([503, expect.objectContaining({ code: 'database_unavailable' })]);

    await postgres.start();
    await early.untilReady();
    const poller = new SincePoller({ url: early.url, key });
    await poller.poll();
    expect([...poller.state.keys()]).toEqual(['one']);
    await early.kill();
    await server.restart();
  });

  it.each([
    ['is ended in order', 'fast'],
    ['crashes', 'immediate'],
  ] as const)('serves what it has when the database %s, refuses writes, and comes back by itself', async (_name, mode) => {
    const [stream, tag, since] = [
      await SseProbe.connect({ url: server.url, key }),
      new EtagPoller({ url: server.url, key }),
      new SincePoller({ url: server.url, key }),
    ];
    await stream.waitForSync(PATIENCE_MS);
    await tag.poll();
    await since.poll();
    const before = await wholeLog(server);

    await postgres.halt(mode);
    const refused = await edit(before.length);
    expect([refused.status, refused.body]).toEqual([503, expect.objectContaining({ code: 'database_unavailable' })]);
    const degraded = { status: 200, body: { status: 'degraded', database: 'unreachable', listener: 'disconnected' } };
    await eventually(async () => expect(await health(server, 'ready')).toMatchObject(degraded), { timeoutMs: PATIENCE_MS });
    const late = await SseProbe.connect({ url: server.url, key });
    await late.waitForSync(PATIENCE_MS);
    expect([late.state, await tag.poll(), (await since.poll()).events]).toEqual([stream.state, false, []]);
    expect((await poll({ url: server.url, key: key.replace(/.$/, '!') })).status).toBe(401);

    await postgres.start();
    await eventually(async () => expect(await health(server, 'ready')).toMatchObject({ status: 200, body: { status: 'ok' } }), {
      timeoutMs: PATIENCE_MS,
    });
    expect(await wholeLog(server)).toEqual(before);
    const written = await eventually(() => edit(before.length).then((answer) => answer.status === 200 && answer), {
      timeoutMs: PATIENCE_MS,
    });
    for (const probe of [stream, late]) {
      await probe.waitForCursor((written as { cursors: Record<string, string> }).cursors['production'] ?? '', PATIENCE_MS);
      probe.assertInOrder();
      await probe.close();
    }
    expect([await tag.poll(), (await since.poll()).events.length]).toEqual([true, 1]);
    expect(tag.state).toEqual(since.state);
  });

  it('is not ready beyond FLAGWIRE_MAX_STALENESS_S, and trusts no key beyond FLAGWIRE_KEYS_FAIL_CLOSED_S', async () => {
    const env = { FLAGWIRE_MAX_STALENESS_S: '1', FLAGWIRE_KEYS_FAIL_CLOSED_S: '1' };
    const strict = await start({ database: server.databaseUrl, env });
    const probe = await SseProbe.connect({ url: strict.url, key });
    await probe.waitForSync(PATIENCE_MS);
    await postgres.halt();
    expect(await probe.closed).toEqual({ by: 'server' });
    expect(probe.goodbye).toEqual({ reason: 'stale', retry_after_ms: probe.retry });
    probe.assertInOrder();
    await eventually(async () => expect(await health(strict, 'ready')).toMatchObject({ status: 503, body: { status: 'stale' } }));
    const again = await probe.reconnect();
    expect(await again.closed).toEqual({ by: 'server' });
    expect(again.goodbye?.reason).toBe('stale');
    expect((await poll({ url: strict.url, key })).status).toBe(503);
    expect((await health(server, 'ready')).status).toBe(200);

    await postgres.start();
    await strict.untilReady();
    const back = await again.reconnect();
    await back.waitForSync(PATIENCE_MS);
    await back.close();
    await strict.kill();
  });
});

describe('a PostgreSQL that goes silent', () => {
  const start = useServers();
  let proxy: TcpProxy;
  let server: TestServer;

  beforeAll(async () => {
    const fresh = await freshDatabase('silent');
    proxy = await TcpProxy.start(fresh.url);
    const env = { FLAGWIRE_DB_STATEMENT_TIMEOUT_MS: '500', FLAGWIRE_DB_CONNECT_TIMEOUT_MS: '500', FLAGWIRE_DB_POOL: '6' };
    server = await start({ database: proxy.through(fresh.url), env });
    await server.admin.createFlag('one');
  });
  afterAll(() => proxy?.stop());

  it.each([
    ['answers', 'toClient'],
    ['questions', 'toServer'],
  ] as const)('ends writes with 503 while %s are lost, and leaves none of them half done', async (_name, direction) => {
    const before = await wholeLog(server);
    const writes = Array.from({ length: 6 }, (_, index) =>
      server.admin.request('POST', '/api/projects/default/flags', {
        ...{ id: `silent-${direction}-${index}`, name: 'x', value_type: 'boolean', variants: { on: true, off: false } },
      }),
    );
    proxy.hold(direction);
    const statuses = (await Promise.all(writes)).map(({ status }) => status);
    expect(statuses.filter((status) => status !== 201 && status !== 503)).toEqual([]);
    expect(statuses).toContain(503);

    proxy.release();
    await server.untilReady();
    await eventually(() => server.admin.createFlag(`after-${direction}`), { timeoutMs: PATIENCE_MS });
    const log = await wholeLog(server);
    expect(gaps(log.map((entry) => entry.cursor))).toEqual([]);
    const { body } = await server.admin.call<{ items: { id: string }[] }>('GET', '/api/projects/default/flags?limit=100');
    const inLog = log.slice(before.length).flatMap(({ changes }) => changes.map(({ flag }) => flag));
    const listed = body.items.map(({ id }) => id).filter((id) => id.includes(direction));
    expect([...listed].sort()).toEqual([...inLog].sort());
    await holds(async () => (await wholeLog(server)).length === log.length, 300, 'the end of all writes');
  });

  // The answer to a statement, and that the transaction was idle for too long, are then read at once.
  it('ends writes with 503, never with an internal error, when it was away between two of their statements', async () => {
    const statuses = new Set<number>();
    for (let round = 0; round < 6; round += 1) {
      const writes = Array.from({ length: 3 }, (_, index) => {
        const changes = [{ flag: 'one', targeting: { if: [{ '===': [{ var: 'n' }, 10 * round + index] }, 'on', 'off'] } }];
        return server.admin.request('POST', '/api/projects/default/environments/production/change-sets', { changes });
      });
      await sleep(round);
      proxy.hold('toClient');
      await sleep(900); // the database waits for 500 ms, the driver for 1500
      proxy.release();
      for (const { status } of await Promise.all(writes)) statuses.add(status);
    }
    expect(statuses).toContain(503);
    expect([...statuses].filter((status) => status !== 200 && status !== 503)).toEqual([]);
  });

  it('finds a pool of dead connections out by one time-out', async () => {
    const edit = (turn: number) =>
      server.admin.request('PATCH', '/api/projects/default/flags/one/environments/production', {
        targeting: { if: [{ '===': [{ var: 'n' }, turn] }, 'on', 'off'] },
      });
    const statuses: number[] = [];
    for (let round = 0; round < 3; round += 1) {
      await eventually(async () => (await edit(round)).status === 200, { timeoutMs: PATIENCE_MS });
      await Promise.all(Array.from({ length: 10 }, () => server.admin.request('GET', '/api/projects/default/flags')));
      for (const connection of proxy.connections) connection.leaveHalfOpen();
      statuses.push((await edit(100 + round)).status, (await edit(200 + round)).status);
    }
    expect(statuses).toEqual([503, 200, 503, 200, 503, 200]);
  });
});
