import { afterAll, afterEach, describe, expect, it } from '@jest/globals';
import { freshDatabase } from '../support/fresh-database.js';
import { poll } from '../support/poll-client.js';
import { type TestServer } from '../support/server.js';
import { SseProbe } from '../support/sse-client.js';
import { TcpProxy } from '../support/tcp-proxy.js';
import { useServers } from '../support/use-servers.js';
import { eventually } from '../support/wait.js';
import { type Follower, stockClients, type StockOptions } from './support/stock-follower.js';

const LIMIT_MS = 60_000;
const PATIENCE = { timeoutMs: 30_000, intervalMs: 50 };

const open: Follower[] = [];

function follow(options: StockOptions): Follower[] {
  const followers = stockClients(options);
  open.push(...followers);
  return followers;
}

afterEach(() => {
  for (const follower of open.splice(0)) follower.close();
});

/** Every client has what the database has, and was told in order. */
async function expectTruth(server: TestServer, key: string, followers: readonly Follower[], syncs = 1): Promise<void> {
  const { flags, cursor } = (await poll({ url: server.url, key })).json() as { flags: { id: string }[]; cursor: string };
  const truth = new Map(flags.map((flag) => [flag.id, flag]));
  for (const follower of followers) {
    const isThere = () => follower.cursor === cursor && follower.modes.length >= syncs;
    await eventually(isThere, { ...PATIENCE, what: `${follower.name} at ${cursor} in sync ${syncs}` });
    expect([follower.name, follower.checker.state]).toEqual([follower.name, truth]);
    expect([follower.name, follower.allFaults()]).toEqual([follower.name, []]);
  }
}

const not = (reason: string) => (other: string) => other !== reason;
const modesOf = (followers: readonly Follower[]) => followers.map(({ modes }) => modes);
const eachSays = <T>(what: T): T[] => [what, what, what];

describe('eventsource, socket.io-client and a loop around ws come back by themselves', () => {
  const start = useServers();
  let proxy: TcpProxy | undefined;
  afterAll(() => proxy?.stop());

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
      expect(modesOf(followers)).toEqual(eachSays(['full', 'delta']));
      // Whoever is back before the node is ready, or while it still drains, is sent away once more.
      const reasons = followers.map(({ goodbyes }) => [...new Set(goodbyes.map(({ reason }) => reason))].filter(not('overload')));
      expect(reasons).toEqual(eachSays(signal === 'SIGTERM' ? ['shutdown'] : []));
      expect(followers[2]?.codes[0]).toBe(signal === 'SIGTERM' ? 1012 : 1006);
    },
    LIMIT_MS,
  );

  it(
    'after overload, when a place is free',
    async () => {
      const server = await start({ env: { FLAGWIRE_MAX_PER_SERVER_KEY: '3' } });
      const { key } = await server.admin.createKey('production');
      const early = await Promise.all([1, 2, 3].map(() => SseProbe.connect({ url: server.url, key })));
      const followers = follow({ url: server.url, key });
      for (const { goodbyes } of followers) await eventually(() => goodbyes[0]?.reason === 'overload', PATIENCE);
      await eventually(() => followers[2]?.codes[0] === 4429, PATIENCE);
      for (const probe of early) await probe.close();
      await expectTruth(server, key, followers);
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
      for (const { modes, goodbyes } of sockets) {
        expect([modes.slice(0, 2), goodbyes[0]?.reason]).toEqual([['full', 'delta'], 'max_age']);
      }
      expect(sockets[1]?.codes[0]).toBe(4000);
    },
    LIMIT_MS,
  );

  it(
    'from a node that has not read its database yet, once it has',
    async () => {
      const fresh = await freshDatabase('stock');
      const behind = await TcpProxy.start(fresh.url);
      try {
        const server = await start({ database: behind.through(fresh.url), until: 'live' });
        await server.untilReady();
        const { key } = await server.admin.createKey('production');
        await server.kill();
        behind.refuse();
        await server.restart();
        const followers = follow({ url: server.url, key });
        for (const { goodbyes } of followers) await eventually(() => goodbyes[0]?.reason === 'overload', PATIENCE);
        await eventually(() => followers[2]?.codes[0] === 1013, PATIENCE);
        await behind.accept();
        await server.untilReady();
        await expectTruth(server, key, followers);
        expect(modesOf(followers)).toEqual(eachSays(['full']));
      } finally {
        await behind.stop();
      }
    },
    LIMIT_MS,
  );

  it(
    'after their keys could not be checked for too long, and where they cannot be checked yet',
    async () => {
      const fresh = await freshDatabase('stock');
      proxy = await TcpProxy.start(fresh.url);
      const database = proxy.through(fresh.url);
      const env = { FLAGWIRE_KEYS_FAIL_CLOSED_S: '1', FLAGWIRE_DRAIN_S: '0' };
      const server = await start({ database, env, until: 'live' });
      await server.untilReady();
      await server.admin.createFlag('before');
      const { key } = await server.admin.createKey('production');
      const followers = follow({ url: server.url, key });
      await expectTruth(server, key, followers);
      proxy.refuse();
      proxy.resetAll();
      for (const { goodbyes } of followers) await eventually(() => goodbyes[0]?.reason === 'stale', PATIENCE);
      await eventually(() => followers[2]?.codes[0] === 4000, PATIENCE);
      // A node that has never read its database sends everybody away for now.
      await server.kill();
      const before = followers.map(({ goodbyes }) => goodbyes.length);
      await server.restart();
      for (const [index, { goodbyes }] of followers.entries()) {
        await eventually(() => goodbyes.length > (before[index] ?? 0), PATIENCE);
      }
      await proxy.accept();
      await server.untilReady();
      await server.admin.createFlag('after');
      await expectTruth(server, key, followers, 2);
      expect(modesOf(followers)).toEqual(eachSays(['full', 'delta']));
    },
    LIMIT_MS,
  );
});

describe('eventsource, socket.io-client and a loop around ws stay away', () => {
  const start = useServers();

  async function expectAway(followers: readonly Follower[], code: number): Promise<void> {
    for (const { name, isAway } of followers) await eventually(isAway, { ...PATIENCE, what: `${name} stays away` });
    expect(followers[2]?.codes.at(-1)).toBe(code);
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
      await expectAway(followers, 4401);
      expect(followers.map(({ goodbyes }) => goodbyes)).toEqual(eachSays([{ reason, retry_after_ms: null }]));
      expect(modesOf(followers)).toEqual(eachSays(['full']));
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
        await expectAway(followers, code);
        expect(modesOf(followers)).toEqual(eachSays([]));
        expect(followers.map(({ errors }) => errors.length)).toEqual(eachSays(1));
      }
    },
    LIMIT_MS,
  );
});
