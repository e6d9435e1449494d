import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { Balancer, has } from '../../support/balancer.js';
import { freshDatabase } from '../../support/fresh-database.js';
import { SeededRandom, testSeed } from '../../support/random.js';
import { type TestServer } from '../../support/server.js';
import { skipIf } from '../../support/skip-if.js';
import { useServers } from '../../support/use-servers.js';
import { eventually } from '../../support/wait.js';
import { Crowd } from './crowd.js';
import { sharesOf } from './shares.js';
import { triedConfiguration } from './tried-configuration.js';

const CLIENTS = 48;
/** The SDK takes its time where connections last for less than a minute, and polls are no connections: so many are there at least. */
const PRESENT = CLIENTS / 4;
const RETRY_MS = { least: 100, most: 400 };
const LIMIT_MS = 120_000;
const PATIENCE = { timeoutMs: 40_000, intervalMs: 100 };

const AGES = {
  FLAGWIRE_STREAM_MAX_AGE_S: '3',
  FLAGWIRE_SOCKET_MAX_AGE_S: '3',
  // Ages are looked at ten times in this time.
  FLAGWIRE_STALL_S: '3',
  FLAGWIRE_RETRY_MIN_MS: String(RETRY_MS.least),
  FLAGWIRE_RETRY_MAX_MS: String(RETRY_MS.most),
  FLAGWIRE_DRAIN_S: '0.5',
};

skipIf(!has('nginx'), 'nginx is not installed').describe('connections that have a greatest age, behind nginx', () => {
  const start = useServers();
  const nodes: TestServer[] = [];
  let balancer: Balancer;
  let crowd: Crowd;

  beforeAll(async () => {
    const { url: database } = await freshDatabase('ages');
    for (const _ of [1, 2, 3]) nodes.push(await start({ database, env: AGES, timeoutMs: 60_000 }));
    balancer = await Balancer.start('nginx', triedConfiguration('nginx', nodes));
    const [first] = nodes as [TestServer];
    await first.admin.createFlag('one');
    const { key } = await first.admin.createKey('production');
    crowd = await Crowd.gather(CLIENTS, { url: balancer.url, key }, new SeededRandom(testSeed()));
  }, LIMIT_MS);
  afterAll(async () => {
    await crowd.stop();
    await balancer.stop();
  });

  it(
    'are told to come back, with a delay of their own, and come back with a delta',
    async () => {
      const told = () => crowd.stock.every(({ goodbyes }) => goodbyes.length >= 2);
      await eventually(told, { ...PATIENCE, what: 'two goodbyes to each stock client' });
      const goodbyes = crowd.stock.flatMap((client) => client.goodbyes);
      expect(new Set(goodbyes.map(({ reason }) => reason))).toEqual(new Set(['max_age']));
      const delays = goodbyes.map(({ retry_after_ms }) => Number(retry_after_ms));
      expect(delays.filter((delay) => !(delay >= RETRY_MS.least && delay <= RETRY_MS.most))).toEqual([]);
      expect(new Set(delays).size).toBeGreaterThan(delays.length / 4);
      const streams = crowd.named.filter(({ kind }) => kind !== 'SDK poll' && kind !== 'SDK long-poll');
      await eventually(() => expect(streams.filter(({ client }) => client.modes.length < 2)).toEqual([]), PATIENCE);
      const odd = streams.filter(({ client: { modes } }) => modes.join() !== ['full', ...modes.slice(1).fill('delta')].join());
      expect(odd.map(({ client }) => `${client.where.name}: ${client.modes.join()}`)).toEqual([]);
    },
    LIMIT_MS,
  );

  it(
    'are spread over all nodes again soon after one of them came back',
    async () => {
      const [first] = nodes as [TestServer];
      await first.restart();
      const back = await sharesOf(nodes);
      let spread: number[] = [];
      const isSpread = async () => {
        spread = await sharesOf(nodes);
        const all = spread.reduce((sum, share) => sum + share, 0);
        return all >= PRESENT && Math.min(...spread) >= all / 6;
      };
      await eventually(isSpread, { ...PATIENCE, what: 'half of a fair share for each node' });
      process.stderr.write(`connections when the first node was back: ${back.join('/')}, then ${spread.join('/')}\n`);
      expect(crowd.all.flatMap(({ breaches }) => breaches)).toEqual([]);
    },
    LIMIT_MS,
  );
});
