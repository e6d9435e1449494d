import { afterAll, afterEach, beforeAll, expect, it } from '@jest/globals';
import { type TestServer } from '../support/server.js';
import { skipIf } from '../support/skip-if.js';
import { useServers } from '../support/use-servers.js';
import { eventually, holds } from '../support/wait.js';
import { createEveryKind } from './support/every-kind.js';
import { type BrowserPage, hasChromium, StockBrowser } from './support/stock-browser.js';

const FLAGS = 'POST /ofrep/v1/evaluate/flags';
const STREAM = 'GET /ofrep/v1/stream';
const USER = { targetingKey: 'user-1', role: 'admin', zero: 0 };
const SOON = { timeoutMs: 20_000 };

skipIf(!hasChromium, 'Chromium is not installed').describe('the stock OFREP provider in a browser', () => {
  const start = useServers();
  let server: TestServer;
  let browser: StockBrowser;
  const opened: BrowserPage[] = [];

  beforeAll(async () => {
    server = await start({ env: { FLAGWIRE_RETRY_MIN_MS: '1000', FLAGWIRE_RETRY_MAX_MS: '1500' } });
    await createEveryKind(server.admin);
    browser = await StockBrowser.start();
  });
  afterEach(() => Promise.all(opened.splice(0).map(({ page }) => page.close())));
  afterAll(() => browser?.close());

  const newKey = () => server.admin.createKey('production', 'client', { allowed_origins: [browser.origin] });

  /** With its stream open. */
  async function open(context: object = USER, key?: string): Promise<BrowserPage> {
    const page = await browser.open(server.url, key ?? (await newKey()).key, { ...context });
    opened.push(page);
    await eventually(() => expect(page.asked).toContain(`${STREAM} 200`), SOON);
    return page;
  }

  /** `[value, reason or error code, variant]` of `client.getXDetails('flag', preset)`. */
  const asks = ({ page }: BrowserPage, type: string, flag: string, preset: unknown) =>
    page.evaluate(
      `(() => {
        const { value, reason, errorCode, variant } = client.get${type}Details('${flag}', ${JSON.stringify(preset)});
        return [value, errorCode ?? reason, variant ?? null];
      })()`,
    );
  const toggle = (status: 'enabled' | 'disabled') => server.admin.patchEnv('a.boolean', 'production', { status });
  const answered = ({ asked }: BrowserPage) => asked.filter((entry) => !entry.endsWith(' failed')).length;

  it.each<[string, string, object, unknown, unknown]>([
    ['Boolean', 'a.boolean', USER, true, [false, 'STATIC', 'off']],
    ['String', 'b.string', USER, '-', ['text', 'STATIC', 'x']],
    ['Number', 'c.integer', USER, 0, [7, 'STATIC', 'n']],
    ['Number', 'd.float', USER, 0, [0.5, 'STATIC', 'n']],
    ['Object', 'e.object', USER, {}, [{ a: [1, { b: null }] }, 'STATIC', 'o']],
    ['Boolean', 'f.targeted', USER, false, [true, 'TARGETING_MATCH', 'on']],
    ['Boolean', 'f.targeted', {}, true, [false, 'DEFAULT', 'off']],
    ['Boolean', 'i.no-default', USER, true, [true, 'DEFAULT', null]],
    ['Boolean', 'j.disabled', USER, true, [true, 'DISABLED', null]],
    ['Boolean', 'k.deprecated', USER, true, [false, 'STATIC', 'off']],
    ['Boolean', 'nothing', USER, true, [true, 'FLAG_NOT_FOUND', null]],
    ['Boolean', 'b.string', USER, true, [true, 'TYPE_MISMATCH', null]],
    ['Boolean', 'g.split', {}, true, [true, 'TARGETING_KEY_MISSING', null]],
    ['Boolean', 'l.divides', USER, true, [true, 'GENERAL', null]],
  ])('answers %s %s for %j with a default of %j', async (type, flag, context, preset, expected) => {
    expect(await asks(await open(context), type, flag, preset)).toEqual(expected);
  });

  it('shows a change without a reload, says which flag it was, and keeps its one stream', async () => {
    const page = await open();
    await toggle('disabled');
    const changed = () => page.heard.map(({ event }) => event);
    await eventually(() => expect(changed()).toContain('PROVIDER_CONFIGURATION_CHANGED a.boolean'), SOON);
    expect(await asks(page, 'Boolean', 'a.boolean', true)).toEqual([true, 'DISABLED', null]);
    await toggle('enabled');
    await eventually(async () => expect(await asks(page, 'Boolean', 'a.boolean', true)).toEqual([false, 'STATIC', 'off']), SOON);
    expect(page.asked.filter((entry) => entry.startsWith(STREAM))).toEqual([`${STREAM} 200`]);
  });

  it('is connected again with at most 3 requests after a restart with nothing changed', async () => {
    const page = await open();
    // It may have been told once, since the flags were made just before.
    await eventually(async () => {
      const before = answered(page);
      await holds(() => answered(page) === before, 500);
    }, SOON);
    page.asked.length = 0;
    await server.restart();
    await eventually(() => expect(page.asked).toContain(`${STREAM} 200`), { timeoutMs: 40_000 });
    // Longer than the first delays of the provider, of 1 s and 2 s.
    await holds(() => answered(page) <= 3, 4000, 'at most 3 requests');
    await toggle('disabled');
    await eventually(async () => expect(await asks(page, 'Boolean', 'a.boolean', true)).toEqual([true, 'DISABLED', null]), SOON);
    await toggle('enabled');
  });

  it('is cut off when its key is revoked, says so, and keeps its last values', async () => {
    const made = await newKey();
    const page = await open(USER, made.key);
    await server.admin.revokeKey('production', made.id);
    page.asked.length = 0;
    await toggle('disabled');
    // A dead key lists no origin: the page may not read the 401, and has a failure.
    await eventually(() => expect(page.asked).toContain(`${FLAGS} failed`), SOON);
    expect(page.heard.map(({ event }) => event)).toContain('PROVIDER_STALE');
    expect(answered(page)).toBe(0);
    expect(await asks(page, 'Boolean', 'a.boolean', true)).toEqual([false, 'STATIC', 'off']);
    await toggle('enabled');
  });
});
