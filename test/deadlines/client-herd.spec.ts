import { setTimeout as sleep } from 'node:timers/promises';
import { FlagSyncClient } from '@flagwire/client';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { WebSocket } from 'ws';
import { type TestServer } from '../support/server.js';
import { TcpProxy } from '../support/tcp-proxy.js';
import { useServers } from '../support/use-servers.js';
import { eventually } from '../support/wait.js';

const CLIENTS = 200;
const AWAY_MS = 10_000;
const SLOT_MS = 100;
const LARGEST_SHARE = 0.05;
const LIMIT_MS = 240_000;

/** How many came in the fullest tenth of a second. */
function fullest(times: readonly number[]): number {
  const slots = new Map<number, number>();
  for (const at of times) slots.set(Math.floor(at / SLOT_MS), (slots.get(Math.floor(at / SLOT_MS)) ?? 0) + 1);
  return Math.max(...slots.values());
}

function report(what: string, times: readonly number[]): void {
  const [count, most, last] = [times.length, fullest(times), Math.round(Math.max(...times))];
  const share = ((most / count) * 100).toFixed(1);
  process.stderr.write(`${what}: ${count}, the fullest ${SLOT_MS} ms had ${most} (${share} %), the last came after ${last} ms\n`);
}

describe(`${CLIENTS} clients whose server is killed, and is away for 10 s`, () => {
  const start = useServers();
  const clients: FlagSyncClient[] = [];
  let server: TestServer;
  let proxy: TcpProxy;

  beforeAll(async () => {
    server = await start();
    proxy = await TcpProxy.start(server.port);
    const { key } = await server.admin.createKey('production');
    await server.admin.createFlag('one');
    for (let made = 0; made < CLIENTS; made += 1) {
      clients.push(new FlagSyncClient({ url: `http://127.0.0.1:${proxy.port}`, sdkKey: key, WebSocket }));
    }
    await Promise.all(clients.map((client) => client.ready({ timeout_ms: 30_000 })));
  });
  afterAll(async () => {
    await Promise.all(clients.map((client) => client.close()));
    await proxy.stop();
  });

  it(
    'come back spread out: no tenth of a second has more than 5 percent of the connections that they try',
    async () => {
      const [attempts, returns]: [number[], number[]] = [[], []];
      const killed = performance.now();
      proxy.onAccept = () => void attempts.push(performance.now() - killed);
      for (const client of clients) {
        const stop = client.on('status', ({ state }) => {
          if (state !== 'live' && state !== 'polling') return;
          stop();
          returns.push(performance.now() - killed);
        });
      }
      await server.kill();
      await sleep(AWAY_MS);
      const before = attempts.length;
      await server.restart();
      await eventually(() => returns.length === CLIENTS, { timeoutMs: 120_000, what: 'everybody having come back' });
      report('attempts', attempts);
      report('of them, while the server was away', attempts.slice(0, before));
      report('the first of them', attempts.slice(0, CLIENTS));
      report('returns', returns);
      expect(fullest(attempts)).toBeLessThanOrEqual(attempts.length * LARGEST_SHARE);
      // Of so few, chance alone brings two or three times as many together as of 2,000 (packages/client/src/connection/connector-crowd.spec.ts).
      expect(fullest(attempts.slice(0, CLIENTS))).toBeLessThanOrEqual(CLIENTS * LARGEST_SHARE * 3);
      expect(fullest(returns)).toBeLessThanOrEqual(CLIENTS * LARGEST_SHARE * 2);
    },
    LIMIT_MS,
  );
});
