import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, expect, it } from '@jest/globals';
import { OLD_MS } from '../ofrep/support/notices.js';
import { type BrowserPage, hasChromium, StockBrowser } from '../ofrep/support/stock-browser.js';
import { type TestServer } from '../support/server.js';
import { skipIf } from '../support/skip-if.js';
import { useServers } from '../support/use-servers.js';
import { eventually } from '../support/wait.js';
import { Program } from '../support/program.js';

/** From the answer to the admin to the new value in the page. */
const DEADLINE_MS = 1000;
const OTHERS = 1000;
const TOGGLES = 10;
/** A connection gets one notice a second at most. */
const BETWEEN_MS = 1100;
const LIMIT_MS = 300_000;

const MANY = { FLAGWIRE_MAX_PER_ADDRESS: '2000', FLAGWIRE_MAX_PER_SERVER_KEY: '2000' };

skipIf(!hasChromium, 'Chromium is not installed').describe(`a toggle, with ${OTHERS} other clients connected`, () => {
  const start = useServers();
  let browser: StockBrowser;
  let others: Program | undefined;

  beforeAll(async () => {
    browser = await StockBrowser.start();
  });
  afterEach(() => others?.end());
  afterAll(() => browser?.close());

  /** A server with the flag, and keys. */
  async function withFlag(critical: boolean): Promise<{ server: TestServer; key: string; serverKey: string }> {
    const server = await start({ env: MANY });
    await server.admin.createFlag('shown', { critical, default_variant: 'on' });
    const { key } = await server.admin.createKey('production', 'client', { allowed_origins: [browser.origin] });
    const { key: serverKey } = await server.admin.createKey('production');
    await sleep(OLD_MS);
    return { server, key, serverKey };
  }

  /**
   * Milliseconds from the admin's answer to the page's new value, of each toggle.
   * @param settled resolves when all others have the value, too: nobody makes the next toggle before.
   */
  async function toggles({ admin }: TestServer, { heard }: BrowserPage, settled: (isOn: boolean) => Promise<unknown>) {
    const took: number[] = [];
    for (let toggle = 0; toggle < TOGGLES; toggle += 1) {
      const wanted = toggle % 2 === 0;
      const before = heard.length;
      await sleep(BETWEEN_MS);
      await admin.patchEnv('shown', 'production', { status: wanted ? 'enabled' : 'disabled' });
      const answered = performance.now();
      const news = () => heard.slice(before).find(({ shown }) => shown === wanted);
      await eventually(() => news() !== undefined, { timeoutMs: 30_000, what: `toggle ${toggle + 1} in the page` });
      took.push(Math.max(0, Math.round((news()?.at ?? NaN) - answered)));
      await settled(wanted);
    }
    return took;
  }

  function expectInTime(what: string, took: readonly number[]): void {
    process.stderr.write(`${what}: in the page after ${took.join(', ')} ms (promised: ${DEADLINE_MS})\n`);
    expect(took.filter((ms) => ms >= DEADLINE_MS)).toEqual([]);
  }

  it(
    'is in a browser’s stock provider in under a second where the others have streams of the SDK',
    async () => {
      const { server, key, serverKey } = await withFlag(false);
      others = new Program('bench/load/clients.mjs');
      await others.ask({ connect: { door: 'sse', port: server.port, path: `/sdk/stream?key=${serverKey}`, count: OTHERS } });
      const page = await browser.open(server.url, key);
      const tally = () => others?.ask<{ deliveries: number; faults: number }>({ tally: true });
      let wanted = { deliveries: 0, faults: 0 };
      const settled = async () => {
        wanted = { ...wanted, deliveries: wanted.deliveries + OTHERS };
        await eventually(async () => expect(await tally()).toMatchObject(wanted), { timeoutMs: 60_000 });
      };
      expectInTime(`${OTHERS} streams of the SDK`, await toggles(server, page, settled));
      await page.page.close();
    },
    LIMIT_MS,
  );

  it(
    'of a critical flag is in it in under a second where the others are such pages, which ask at the same moment',
    async () => {
      const { server, key } = await withFlag(true);
      others = new Program('test/deadlines/support/stock-pages.mjs');
      await others.ask({ open: { url: server.url, key, count: OTHERS } });
      // The last to come is the last to be told, and asks behind all the others.
      const page = await browser.open(server.url, key);
      const tally = () => others?.ask<{ on: number }>({ tally: true });
      const settled = (isOn: boolean) =>
        eventually(async () => expect((await tally())?.on).toBe(isOn ? OTHERS : 0), { timeoutMs: 60_000 });
      expectInTime(`${OTHERS} pages, critical flag`, await toggles(server, page, settled));
      await page.page.close();
    },
    LIMIT_MS,
  );
});
