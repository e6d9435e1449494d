import { spawnSync } from 'node:child_process';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Browser, chromium } from 'playwright-core';
import { httpRequest, openResponse } from '../support/http-request.js';
import { type TestServer } from '../support/server.js';
import { skipIf } from '../support/skip-if.js';
import { useServers } from '../support/use-servers.js';

const CHROMIUM = '/usr/bin/chromium';
const start = useServers();

describe('what browsers are told', () => {
  let plain: TestServer;
  let secure: TestServer;

  beforeAll(async () => {
    plain = await start();
    secure = await start({ env: { FLAGWIRE_PUBLIC_URL: 'https://flags.example.com' } });
  });

  const headersOf = async (server: TestServer, path: string) => (await httpRequest(`${server.url}${path}`)).headers;

  it('never to guess a type: on answers of the API, on errors, 304s and streams', async () => {
    const { key } = await plain.admin.createKey('production');
    const poll = await httpRequest(`${plain.url}/sdk/poll`, { headers: { 'X-API-Key': key } });
    const conditional = { 'X-API-Key': key, 'If-None-Match': poll.header('etag') ?? '' };
    const unchanged = await httpRequest(`${plain.url}/sdk/poll`, { headers: conditional });
    const stream = await openResponse(`${plain.url}/sdk/stream`, { headers: { 'X-API-Key': key } });
    stream.destroy();
    const others = ['/api/projects', '/docs', '/docs-json', '/nowhere', '/health/live'].map((path) => headersOf(plain, path));
    const all = [poll.headers, unchanged.headers, stream.headers, ...(await Promise.all(others))];
    expect([unchanged.status, stream.statusCode]).toEqual([304, 200]);
    expect(all.map((headers) => headers['x-content-type-options'])).toEqual(all.map(() => 'nosniff'));
  });

  it('not to show the API page or its answers inside of another page', async () => {
    for (const path of ['/docs', '/api/projects']) {
      const headers = await headersOf(plain, path);
      expect(headers['x-frame-options']).toBe('DENY');
      expect(headers['content-security-policy']).toMatch(/frame-ancestors 'none'/);
    }
  });

  it.each(['/docs', '/api/projects', '/sdk/poll', '/health/live'])(
    'to use https where the public address is https, and nothing of the kind elsewhere (%s)',
    async (path) => {
      const [here, there] = [await headersOf(plain, path), await headersOf(secure, path)];
      expect(here['strict-transport-security']).toBeUndefined();
      expect(here['content-security-policy'] ?? '').not.toContain('upgrade-insecure-requests');
      expect(there['strict-transport-security']).toBe('max-age=31536000');
    },
  );

  it('to load the parts of the page by https there', async () => {
    expect((await headersOf(secure, '/docs'))['content-security-policy']).toContain('upgrade-insecure-requests');
  });
});

const present = spawnSync(CHROMIUM, ['--version'], { stdio: 'ignore' }).status === 0;
skipIf(!present, `${CHROMIUM} is not installed`).describe('the API page in a browser, over plain HTTP', () => {
  let browser: Browser;

  beforeAll(async () => {
    // A name that is no secure context: for browsers 127.0.0.1 is as good as https.
    const args = ['--no-sandbox', '--disable-gpu', '--disable-background-networking'];
    args.push('--host-resolver-rules=MAP flagwire.lan 127.0.0.1');
    browser = await chromium.launch({ executablePath: CHROMIUM, args });
  });
  afterAll(() => browser?.close());

  it.each([undefined, 'http://flagwire.lan'])(
    'shows every operation and complains of nothing (public address: %s)',
    async (publicUrl) => {
      const server = await start({ env: { FLAGWIRE_PUBLIC_URL: publicUrl } });
      const document = (await httpRequest(`${server.url}/docs-json`)).json() as {
        paths: Record<string, Record<string, { tags?: string[] }>>;
      };
      const operations = Object.values(document.paths).flatMap((methods) => Object.values(methods));
      // One with several tags stands under each of them.
      const rows = operations.reduce((sum, { tags }) => sum + (tags?.length ?? 1), 0);
      const page = await browser.newPage();
      const complaints: string[] = [];
      page.on('console', (message) => {
        if (['error', 'warning'].includes(message.type())) complaints.push(message.text());
      });
      page.on('pageerror', (error) => complaints.push(error.message));
      page.on('requestfailed', (request) => complaints.push(`${request.url()}: ${request.failure()?.errorText}`));
      await page.goto(`http://flagwire.lan:${server.port}/docs`);
      await page.locator('.opblock').first().waitFor();
      expect(await page.locator('.opblock').count()).toBe(rows);
      expect(rows).toBeGreaterThan(25);

      // And it can be used: the policy lets it ask this server.
      const live = page.locator('.opblock', { hasText: '/health/live' });
      await live.locator('.opblock-summary-control').click();
      await live.getByRole('button', { name: 'Try it out' }).click();
      await live.getByRole('button', { name: 'Execute' }).click();
      await live.locator('.live-responses-table').getByText('"status": "ok"').waitFor();
      expect(complaints).toEqual([]);
      const picture = process.env['FLAGWIRE_TEST_SCREENSHOT'];
      if (picture !== undefined) await page.screenshot({ path: picture });
      await page.close();
    },
  );
});
