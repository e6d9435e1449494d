import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Notices, noticesUrl, OLD_MS } from '../ofrep/support/notices.js';
import { type TestServer } from '../support/server.js';
import { useServers } from '../support/use-servers.js';
import { eventually } from '../support/wait.js';
import { Program } from '../support/program.js';

const COUNT = 1000;
/** In which a critical flag is told to all. */
const DEADLINE_MS = 1000;
/** A thousand are told over 20 s. */
const SPREAD_MS = 20_000;
const LIMIT_MS = 180_000;

/** How many of these times lie in the fullest second, wherever that begins. */
function fullestSecond(times: readonly number[]): number {
  const sorted = [...times].sort((a, b) => a - b);
  return Math.max(0, ...sorted.map((from, index) => sorted.filter((at, other) => other >= index && at < from + 1000).length));
}

describe(`${COUNT} pages on one node`, () => {
  const start = useServers();
  let server: TestServer;
  let key: string;

  const toggle = (flag: string, status: 'enabled' | 'disabled') => server.admin.patchEnv(flag, 'production', { status });

  beforeAll(async () => {
    server = await start({ env: { FLAGWIRE_MAX_PER_ADDRESS: String(2 * COUNT) } });
    await server.admin.createFlag('shown', { default_variant: 'on' });
    await server.admin.createFlag('kill', { default_variant: 'on', critical: true });
    ({ key } = await server.admin.createKey('production', 'client'));
  });

  describe('by their notice streams', () => {
    const streams: Notices[] = [];
    const told: number[] = [];

    beforeAll(async () => {
      await sleep(OLD_MS);
      const url = await noticesUrl(server, key);
      const note = () => told.push(performance.now());
      while (streams.length < COUNT) {
        streams.push(...(await Promise.all(Array.from({ length: 20 }, () => Notices.open(url, {}, note)))));
      }
      await eventually(() => streams.every((stream) => stream.messages('connected').length === 1), { timeoutMs: 20_000 });
    }, LIMIT_MS);
    afterAll(() => streams.forEach((stream) => stream.close()));

    it('are told of a critical flag within a second', async () => {
      told.length = 0;
      const asked = performance.now();
      await toggle('kill', 'enabled');
      const from = performance.now();
      await eventually(() => streams.every(({ ids }) => ids.length === 1), { timeoutMs: 20_000 });
      const last = Math.max(...told);
      const took = Math.max(0, last - from);
      const since = `${Math.round(last - asked)} ms after it was asked for`;
      process.stderr.write(
        `${COUNT} notices of a critical flag after ${Math.round(took)} ms (${since}; promised: ${DEADLINE_MS})\n`,
      );
      expect(took).toBeLessThan(DEADLINE_MS);
    });
  });

  describe('with the stock provider', () => {
    interface Tally {
      asked: number[];
      on: number;
    }
    let pages: Program;

    const tally = () => pages.ask<Tally>({ tally: true });

    /** When they asked for all flags until each had the value; milliseconds of a clock of their own. */
    async function askedUntil(on: number): Promise<number[]> {
      const asked: number[] = [];
      await eventually(
        async () => {
          const next = await tally();
          asked.push(...next.asked);
          expect(next.on).toBe(on);
        },
        { timeoutMs: 60_000, intervalMs: 100, what: 'each page having the value' },
      );
      return asked;
    }

    beforeAll(async () => {
      await sleep(OLD_MS);
      pages = new Program('test/deadlines/support/stock-pages.mjs');
      await pages.ask({ open: { url: server.url, key, count: COUNT } });
    }, LIMIT_MS);
    afterAll(() => pages.end());

    it(
      'do not all ask at once after a change: no second has more than a tenth of them, and each has the value in the end',
      async () => {
        await tally();
        await toggle('shown', 'enabled');
        const asked = await askedUntil(COUNT);
        const [most, over] = [fullestSecond(asked), Math.max(...asked) - Math.min(...asked)];
        process.stderr.write(
          `${COUNT} pages asked ${asked.length} times over ${Math.round(over)} ms, ${most} times in the fullest second (promised: ${COUNT / 10})\n`,
        );
        expect(asked).toHaveLength(COUNT);
        expect(most).toBeLessThanOrEqual(COUNT / 10);
        expect(over).toBeLessThan(2 * SPREAD_MS);
      },
      LIMIT_MS,
    );

    it(
      'ask at once where one of the flags is critical, and each has the value in the end',
      async () => {
        await tally();
        await server.admin.changeSet('production', [
          { flag: 'shown', status: 'disabled' },
          { flag: 'kill', status: 'disabled' },
        ]);
        const asked = await askedUntil(0);
        const most = fullestSecond(asked);
        process.stderr.write(`${COUNT} pages, critical flag: ${most} of them asked in the fullest second\n`);
        expect(asked).toHaveLength(COUNT);
        expect(most).toBeGreaterThan(COUNT / 2);
      },
      LIMIT_MS,
    );
  });
});
