import { afterAll, afterEach, describe, expect, it } from '@jest/globals';
import { TcpProxy } from '../support/tcp-proxy.js';
import { useServers } from '../support/use-servers.js';
import { eventually } from '../support/wait.js';
import { metric } from './support/metrics.js';
import { closeFollowers, eachSays, expectTruth, follow, PATIENCE } from './support/stock-truth.js';
import { Upgraded } from './support/upgraded.js';

const LIMIT_MS = 120_000;
const SOCKET_IO = '/socket.io/?EIO=4&transport=websocket';
/** How many sockets a node looks at beyond the connections that it may have. */
const SPARE = 1000;
/** Sockets opened at once. */
const PORTION = 50;
/** A definition of 200 KB: a few changes of it are more than networks take for a connection. */
const VARIANTS = Object.fromEntries([...'abcd'].map((name) => [name, name.repeat(50_000)]));
const BIG = { value_type: 'string', variants: VARIANTS, default_variant: 'a' };
/** Changes at most until a reader must have been noticed. */
const MOST = 200;

const start = useServers();
const proxies: TcpProxy[] = [];

afterEach(closeFollowers);
afterAll(() => Promise.all(proxies.map((proxy) => proxy.stop())));

/** Silent sockets at the door of Socket.IO; whoever is sent away for that comes again, until `leave`. */
class Crowd {
  private readonly present = new Set<Upgraded>();
  private isOver = false;

  constructor(private readonly port: number) {}

  async gather(count: number): Promise<void> {
    // In portions: a listening socket has room for so many that were not accepted yet.
    for (let left = count; left > 0; left -= PORTION) {
      await Promise.all(Array.from({ length: Math.min(left, PORTION) }, () => this.enter()));
    }
  }

  leave(): void {
    this.isOver = true;
    for (const { socket } of this.present) socket.destroy();
  }

  private async enter(): Promise<void> {
    const one = await Upgraded.open(this.port, SOCKET_IO);
    if (this.isOver) one.socket.destroy();
    this.present.add(one);
    one.socket.once('close', () => {
      this.present.delete(one);
      if (!this.isOver) this.enter().catch(() => undefined);
    });
  }
}

describe('eventsource, socket.io-client and a loop around ws come back by themselves', () => {
  it(
    'after the node had no room to look at one more socket, and answered the upgrade with 503',
    async () => {
      const server = await start({ env: { FLAGWIRE_MAX_CONNECTIONS: '3' } });
      const { key } = await server.admin.createKey('production');
      const crowd = new Crowd(server.port);
      try {
        await crowd.gather(SPARE + 3);
        const isRefused = async () => {
          const late = await Upgraded.open(server.port, SOCKET_IO);
          late.socket.destroy();
          expect(late.text).toMatch(/^HTTP\/1.1 503 .*"code":"overload"/s);
          expect(late.text).toContain('\r\nRetry-After: 1\r\n');
        };
        await eventually(isRefused, PATIENCE);
        const followers = follow({ url: server.url, key });
        const socketIo = followers.find(({ name }) => name === 'socket.io-client');
        await eventually(() => (socketIo?.failures ?? 0) > 0, { ...PATIENCE, what: 'a refused upgrade' });
        crowd.leave();
        await expectTruth(server, key, followers);
        expect(followers.map(({ visits }) => visits)).toEqual(eachSays([['full']]));
      } finally {
        crowd.leave();
      }
    },
    LIMIT_MS,
  );

  it(
    'after they read nothing for so long that they were cut, from where they stood, with every change once',
    async () => {
      const server = await start({ env: { FLAGWIRE_STALL_S: '3', FLAGWIRE_PING_S: '600' } });
      const proxy = await TcpProxy.start(server.url);
      proxies.push(proxy);
      await server.admin.createFlag('big', BIG);
      // A delta is shorter than a full sync as long as there are not far fewer flags than changes.
      for (let count = 0; count < 50; count += 1) await server.admin.createFlag(`small-${count}`);
      const { key } = await server.admin.createKey('production');
      const followers = follow({ url: new URL(proxy.through(server.url)).origin, key });
      await expectTruth(server, key, followers);
      proxy.hold('toClient');
      const cut = () => metric(server, 'flagwire_cut_connections_total');
      let changes = 0;
      while ((await metric(server, 'flagwire_lagging_connections')) + (await cut()) < followers.length) {
        if (changes > MOST) throw new Error('nobody ever lagged');
        await server.admin.patchFlag('big', { description: `turn ${(changes += 1)}` });
      }
      await eventually(async () => (await cut()) >= followers.length, { ...PATIENCE, what: 'all have been cut' });
      proxy.release('toClient');
      await expectTruth(server, key, followers, 2);
      expect(followers.map(({ served }) => served[0]?.[0])).toEqual(eachSays('full'));
      for (const { name, served } of followers)
        expect([name, served.slice(1).map(([mode]) => mode)]).toEqual([name, served.slice(1).map(() => 'delta')]);
      expect(followers.map(({ applied }) => applied)).toEqual(eachSays(changes));
    },
    2 * LIMIT_MS,
  );
});

describe('after three requests that are none', () => {
  it(
    'a loop around ws is told 1008 and stays away; socket.io-client, which has no codes, comes back with a delta',
    async () => {
      const server = await start();
      await server.admin.createFlag('before');
      const { key } = await server.admin.createKey('production');
      const followers = follow({ url: server.url, key });
      await expectTruth(server, key, followers);
      const [stream, socketIo, plain] = followers;
      for (let turn = 0; turn < 3; turn += 1) for (const { babble } of followers) babble();
      await eventually(() => plain?.isAway() === true, { ...PATIENCE, what: 'ws stays away' });
      await server.admin.createFlag('after');
      await expectTruth(
        server,
        key,
        [stream, socketIo].filter((each) => each !== undefined),
      );
      expect([stream?.visits, socketIo?.visits, plain?.visits]).toEqual([
        [['full']],
        [['full', 'transport close'], ['delta']],
        [['full', '1008']],
      ]);
      expect([socketIo?.errors, plain?.errors]).toEqual([eachSays('unknown_request'), eachSays('malformed_request')]);
    },
    LIMIT_MS,
  );
});
