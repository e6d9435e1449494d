import { afterAll, afterEach, describe, expect, it } from '@jest/globals';
import { freshDatabase } from '../support/fresh-database.js';
import { type TestServer } from '../support/server.js';
import { SseProbe } from '../support/sse-client.js';
import { TcpProxy } from '../support/tcp-proxy.js';
import { useServers } from '../support/use-servers.js';
import { eventually } from '../support/wait.js';
import { type Follower, type Visit } from './support/stock-follower.js';
import { closeFollowers, eachSays, ended, expectTruth, follow, PATIENCE } from './support/stock-truth.js';

const LIMIT_MS = 60_000;

afterEach(closeFollowers);

/** They were served, ended so, and served again from where they stood: nothing between but being told to wait. */
function expectBack(followers: readonly Follower[], ends: Visit[], waits: readonly string[]): void {
  expect(followers.map(({ served }) => served)).toEqual(ends.map((end) => [end, ['delta']]));
  const turned = followers.flatMap(({ visits, served }) => visits.filter((visit) => !served.includes(visit)));
  const allowed = waits.flatMap((wait) => ended([wait], CODES[wait] ?? 0));
  for (const visit of turned) expect(allowed).toContainEqual(visit);
}

const CODES: Record<string, number> = { shutdown: 1012, overload: 1013, stale: 4000 };

describe('eventsource, socket.io-client and a loop around ws come back by themselves', () => {
  const start = useServers();
  const proxies: TcpProxy[] = [];
  afterAll(() => Promise.all(proxies.map((proxy) => proxy.stop())));

  async function followed(env: Record<string, string> = {}) {
    const server = await start({ env });
    await server.admin.createFlag('before');
    const { key } = await server.admin.createKey('production');
    const followers = follow({ url: server.url, key });
    await expectTruth(server, key, followers);
    return { server, key, followers };
  }

  it.each(['SIGTERM', 'SIGKILL'] as const)(
    'after %s and a new start, with a delta',
    async (signal) => {
      const { server, key, followers } = await followed({ FLAGWIRE_DRAIN_S: '1' });
      await server.restart(signal);
      await server.admin.createFlag('after');
      await expectTruth(server, key, followers, 2);
      const isOrderly = signal === 'SIGTERM';
      // Who is back while the node still drains, or before it is ready, is told to wait.
      expectBack(followers, ended(isOrderly ? ['full', 'shutdown'] : ['full'], isOrderly ? 1012 : 1006), [
        'shutdown',
        'overload',
      ]);
    },
    LIMIT_MS,
  );

  it.each([
    ['its key', 'FLAGWIRE_MAX_PER_SERVER_KEY'],
    ['the node', 'FLAGWIRE_MAX_CONNECTIONS'],
  ])(
    'after %s had as many connections as it may have, when a place is free',
    async (_what, setting) => {
      const server = await start({ env: { [setting]: '3' } });
      const { key } = await server.admin.createKey('production');
      const early = await Promise.all([1, 2, 3].map(() => SseProbe.connect({ url: server.url, key })));
      const followers = follow({ url: server.url, key });
      const turnedAway = () => expect(followers.map(({ visits }) => visits[0])).toEqual(ended(['overload'], 4429));
      await eventually(turnedAway, PATIENCE);
      for (const probe of early) await probe.close();
      await expectTruth(server, key, followers);
      expect(followers.map(({ served }) => served)).toEqual(eachSays([['full']]));
    },
    LIMIT_MS,
  );

  it(
    'after the greatest age of a socket, with a delta',
    async () => {
      const { server, key, followers } = await followed({ FLAGWIRE_SOCKET_MAX_AGE_S: '1' });
      const sockets = followers.slice(1);
      await server.admin.createFlag('after');
      await expectTruth(server, key, sockets, 2);
      const [, ...ends] = ended(['full', 'max_age'], 4000);
      expect(sockets.map(({ visits }) => visits[0])).toEqual(ends);
      expect(sockets.map(({ visits }) => visits[1]?.[0])).toEqual(['delta', 'delta']);
    },
    LIMIT_MS,
  );

  it(
    'from a node that has not read its database yet, once it has',
    async () => {
      const fresh = await freshDatabase('stock');
      const behind = await TcpProxy.start(fresh.url);
      proxies.push(behind);
      const server = await start({ database: behind.through(fresh.url), until: 'live' });
      await server.untilReady();
      const { key } = await server.admin.createKey('production');
      await server.kill();
      behind.refuse();
      await server.restart();
      const followers = follow({ url: server.url, key });
      const waits = ended(['overload'], 1013);
      await eventually(() => expect(followers.map(({ visits }) => visits[0])).toEqual(waits), PATIENCE);
      await behind.accept();
      await server.untilReady();
      await expectTruth(server, key, followers);
      expect(followers.map(({ served }) => served)).toEqual(eachSays([['full']]));
    },
    LIMIT_MS,
  );

  it.each([
    ['stale', { FLAGWIRE_KEYS_FAIL_CLOSED_S: '1' }],
    ['overload', {}],
  ])(
    'after a node could not ask its database, and told them to wait: %s',
    async (reason, env: Record<string, string>) => {
      const fresh = await freshDatabase('stock');
      const proxy = await TcpProxy.start(fresh.url);
      proxies.push(proxy);
      const server = await start({ database: proxy.through(fresh.url), env: { FLAGWIRE_DRAIN_S: '0', ...env }, until: 'live' });
      await server.untilReady();
      await server.admin.createFlag('before');
      const { key } = await server.admin.createKey('production');
      const followers = follow({ url: server.url, key });
      await expectTruth(server, key, followers);
      proxy.refuse();
      proxy.resetAll();
      // Those who are there stay, unless the node is to forget keys that it cannot check.
      const first = reason === 'stale' ? ended(['full', 'stale'], 4000) : ended(['full'], 1006);
      const isSaid = () => reason !== 'stale' || followers.every(({ visits: [visit = []] }) => visit.includes(reason));
      await eventually(isSaid, PATIENCE);
      await server.kill();
      const before = followers.map(({ visits }) => visits.length);
      await server.restart();
      // It has never read its database: it tells everybody to wait.
      const waits = ended([reason], CODES[reason] ?? 0);
      const toldToWait = ({ visits }: Follower, index: number) =>
        expect(visits.slice(before[index])).toContainEqual(waits[index]);
      await eventually(() => followers.forEach(toldToWait), PATIENCE);
      await proxy.accept();
      await server.untilReady();
      await server.admin.createFlag('after');
      await expectTruth(server, key, followers, 2);
      expectBack(followers, first, [reason, 'overload']);
    },
    2 * LIMIT_MS,
  );
});

describe('eventsource, socket.io-client and a loop around ws stay away', () => {
  const start = useServers();

  async function expectAway(followers: readonly Follower[]): Promise<void> {
    for (const { name, isAway } of followers) await eventually(isAway, { ...PATIENCE, what: `${name} stays away` });
  }

  it.each([
    ['key_revoked', {}, (server: TestServer, id: string) => server.admin.revokeKey('short-lived', id)],
    ['environment_deleted', {}, (server: TestServer) => server.admin.deleteEnvironment('short-lived')],
    ['key_expired', { lives: 4000 }, () => Promise.resolve()],
  ] as const)(
    'after %s',
    async (reason, { lives = 0 }: { lives?: number }, finish) => {
      const server = await start();
      await server.admin.createEnvironment('short-lived');
      const extra = lives === 0 ? {} : { expires_at: new Date(Date.now() + lives).toISOString() };
      const { key, id } = await server.admin.createKey('short-lived', 'server', extra);
      const followers = follow({ url: server.url, key });
      await expectTruth(server, key, followers);
      await finish(server, id);
      await expectAway(followers);
      expect(followers.map(({ goodbyes }) => goodbyes)).toEqual(eachSays([{ reason, retry_after_ms: null }]));
      expect(followers.map(({ visits }) => visits)).toEqual(
        ended(['full', reason], 4401, 'io server disconnect').map((visit) => [visit]),
      );
    },
    LIMIT_MS,
  );

  it(
    'from the start with a wrong key, a key of another environment, and a key for clients',
    async () => {
      const server = await start();
      const { key } = await server.admin.createKey('production');
      const client = await server.admin.createKey('production', 'client');
      const { key: dead, id } = await server.admin.createKey('production');
      await server.admin.revokeKey('production', id);
      const refused = [
        { key: 'fw_srv_nonsense', code: 4401 },
        { key: dead, code: 4401 },
        { key, query: { env: 'staging' }, code: 4403 },
        { key: client.key, code: 4403 },
      ];
      for (const { code, ...options } of refused) {
        const followers = follow({ url: server.url, ...options });
        await expectAway(followers);
        // An EventSource and Socket.IO are refused before they are in.
        expect(followers.map(({ visits }) => visits)).toEqual([[], [], [[String(code)]]]);
        expect(followers.map(({ errors }) => errors.length)).toEqual(eachSays(1));
      }
    },
    LIMIT_MS,
  );
});
