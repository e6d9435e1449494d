import { setTimeout as sleep } from 'node:timers/promises';
import { type Fetch, FlagSyncClient } from '@flagwire/client';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { WebSocket } from 'ws';
import { type TestServer } from '../support/server.js';
import { useServers } from '../support/use-servers.js';
import { eventually } from '../support/wait.js';

/** So many that chance leaves the shares alone: of 200, one outage in 160 brings more than 5 % back in one slot, of 400 one in 20,000. */
const CLIENTS = 400;
const AWAY_MS = 10_000;
const SLOT_MS = 100;
const LARGEST_SHARE = 0.05;
/** Of the first attempts, which the server spreads over 4 s: 2.5 % on the average, and chance alone reaches 7.5 %. */
const LARGEST_FIRST_SHARE = 0.1;
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

/** A client that notes when it tries to connect, and when it is back, in milliseconds since its server was killed. */
class Returning {
  readonly attempts: number[] = [];
  back: number | null = null;
  readonly client: FlagSyncClient;
  private killed: number | null = null;

  constructor(url: string, sdkKey: string) {
    const noted = (): void => void this.note();
    const fetch: Fetch = (address, init) => {
      // What a client says that it has, beside its stream, is not a way back.
      if (!address.includes('/sdk/ack')) noted();
      return globalThis.fetch(address, init);
    };
    class NotedSocket extends WebSocket {
      constructor(...args: ConstructorParameters<typeof WebSocket>) {
        noted();
        super(...args);
      }
    }
    this.client = new FlagSyncClient({ url, sdkKey, fetch, WebSocket: NotedSocket });
    this.client.on('status', ({ state }) => {
      if (this.killed !== null && (state === 'live' || state === 'polling')) this.back ??= performance.now() - this.killed;
    });
  }

  since(killed: number): void {
    this.killed = killed;
  }

  private note(): void {
    if (this.killed !== null && this.back === null) this.attempts.push(performance.now() - this.killed);
  }
}

describe(`${CLIENTS} clients whose server is killed, and is away for 10 s`, () => {
  const start = useServers();
  let herd: Returning[] = [];
  let server: TestServer;

  beforeAll(async () => {
    server = await start();
    const { key } = await server.admin.createKey('production');
    await server.admin.createFlag('one');
    herd = Array.from({ length: CLIENTS }, () => new Returning(server.url, key));
    await Promise.all(herd.map(({ client }) => client.ready({ timeout_ms: 30_000 })));
  });
  afterAll(() => Promise.all(herd.map(({ client }) => client.close())));

  it(
    'come back spread out: no tenth of a second has more than 5 percent of them, nor of the connections that they try',
    async () => {
      const killed = performance.now();
      for (const one of herd) one.since(killed);
      await server.kill();
      await sleep(AWAY_MS);
      await server.restart();
      const returns = (): number[] => herd.flatMap(({ back }) => back ?? []);
      await eventually(() => returns().length === CLIENTS, { timeoutMs: 120_000, what: 'everybody having come back' });
      const attempts = herd.flatMap((one) => one.attempts);
      const firsts = herd.flatMap((one) => one.attempts.slice(0, 1));
      report('attempts', attempts);
      report('the first of each', firsts);
      report('returns', returns());
      expect(firsts).toHaveLength(CLIENTS);
      expect(fullest(attempts)).toBeLessThanOrEqual(attempts.length * LARGEST_SHARE);
      expect(fullest(returns())).toBeLessThanOrEqual(CLIENTS * LARGEST_SHARE);
      expect(fullest(firsts)).toBeLessThanOrEqual(CLIENTS * LARGEST_FIRST_SHARE);
    },
    LIMIT_MS,
  );
});
