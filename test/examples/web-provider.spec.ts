import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { type Browser, chromium } from 'playwright-core';
import { CHROMIUM, CHROMIUM_ARGS, hasChromium } from '../ofrep/support/stock-browser.js';
import { freePort } from '../support/free-port.js';
import { type TestServer } from '../support/server.js';
import { skipIf } from '../support/skip-if.js';
import { useServers } from '../support/use-servers.js';
import { eventually } from '../support/wait.js';
import { QuickStart } from './quick-start.js';

skipIf(!hasChromium, `${CHROMIUM} is not installed`).describe('examples/web-provider, by the line of its page', () => {
  const start = useServers();
  let server: TestServer;
  let example: QuickStart;
  let browser: Browser;
  let origin: string;

  beforeAll(async () => {
    server = await start();
    const PORT = String(await freePort());
    origin = `http://127.0.0.1:${PORT}`;
    const { key } = await server.admin.createKey('development', 'client', { allowed_origins: [origin] });
    await server.admin.createFlag('welcome', { default_variant: 'on', environments: { development: { status: 'enabled' } } });
    example = new QuickStart('web-provider', key, { FLAGWIRE_URL: server.url, PORT });
    await eventually(() => example.output === `open ${origin}\n`, { timeoutMs: 20_000 });
    browser = await chromium.launch({ executablePath: CHROMIUM, args: CHROMIUM_ARGS });
  });
  afterAll(async () => {
    await browser?.close();
    await example?.stop();
  });

  it('shows each change without a reload, and breaks no rule of its policy', async () => {
    const page = await browser.newPage();
    const complaints: string[] = [];
    let loads = 0;
    page.on('console', (message) => complaints.push(message.text()));
    page.on('pageerror', (error) => complaints.push(error.message));
    page.on('load', () => (loads += 1));
    const policy = (await page.goto(origin))?.headers()['content-security-policy'];
    const shows = (flag: string, reason: string) =>
      eventually(
        async () => expect([await page.textContent('#flag'), await page.textContent('#reason')]).toEqual([flag, reason]),
        {
          timeoutMs: 10_000,
        },
      );
    await shows('on', 'STATIC');
    await server.admin.patchEnv('welcome', 'development', { status: 'disabled' });
    await shows('off', 'DISABLED');
    await server.admin.patchEnv('welcome', 'development', { status: 'enabled' });
    await shows('on', 'STATIC');
    expect(policy).toMatch(/^default-src 'none'; (?!.*unsafe)/);
    expect([complaints, loads]).toEqual([[], 1]);
  });
});
