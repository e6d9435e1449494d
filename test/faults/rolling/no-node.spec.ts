import { afterAll, expect, it } from '@jest/globals';
import { stockClients } from '../../e2e/support/stock-follower.js';
import { Balancer, has } from '../../support/balancer.js';
import { freePort } from '../../support/free-port.js';
import { skipIf } from '../../support/skip-if.js';
import { useServers } from '../../support/use-servers.js';
import { eventually } from '../../support/wait.js';
import { StockClient } from './stock-client.js';
import { triedConfiguration } from './tried-configuration.js';

const LIMIT_MS = 240_000;
const PATIENCE = { timeoutMs: 60_000, intervalMs: 50 };

skipIf(!has('nginx'), 'nginx is not installed').describe('stock clients behind nginx, when no node is there', () => {
  const start = useServers();
  let balancer: Balancer | undefined;
  let clients: StockClient[] = [];
  afterAll(async () => {
    for (const client of clients) await client.stop();
    await balancer?.stop();
  });

  it(
    'come back when one is there again, with a delta',
    async () => {
      const node = await start();
      const { key } = await node.admin.createKey('production');
      balancer = await Balancer.start(
        'nginx',
        triedConfiguration('nginx', [node, { port: await freePort() }, { port: await freePort() }]),
      );
      const { url } = balancer;
      clients = stockClients({ url, key }).map((follower, index) => new StockClient(follower, index));
      await eventually(() => expect(clients.map(({ modes }) => modes)).toEqual(clients.map(() => ['full'])), PATIENCE);
      await node.kill();
      // Each has come when nobody was there: streams get one that ends at once, sockets none.
      await eventually(() => clients.every(({ vainVisits }) => vainVisits > 0), { ...PATIENCE, what: 'a visit in vain' });
      expect((await fetch(`${url}/sdk/poll`)).status).toBe(502);
      await node.restart();
      await eventually(() => expect(clients.map(({ modes }) => modes)).toEqual(clients.map(() => ['full', 'delta'])), PATIENCE);
      expect(clients.flatMap(({ complaints }) => complaints)).toEqual([]);
    },
    LIMIT_MS,
  );
});
