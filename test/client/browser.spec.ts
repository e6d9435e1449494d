import { spawnSync } from 'node:child_process';
import { createServer, type Server } from 'node:http';
import { type AddressInfo } from 'node:net';
import { basename } from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { build } from 'esbuild';
import { type Browser, chromium } from 'playwright-core';
import { httpRequest } from '../support/http-request.js';
import { projectRoot } from '../support/project-root.js';
import { type TestServer } from '../support/server.js';
import { skipIf } from '../support/skip-if.js';
import { useServers } from '../support/use-servers.js';

const CHROMIUM = '/usr/bin/chromium';
const present = spawnSync(CHROMIUM, ['--version'], { stdio: 'ignore' }).status === 0;

/** What a team writes. Server and transport are in the address of the page. */
const SCRIPT = `
import { FlagSyncClient } from './packages/client/dist/client.js';
import { storageCache } from './packages/client/dist/browser.js';
const [url, transport] = location.hash.slice(1).split(',');
const { sse, webSocket, eventSource } = await import('./packages/client/dist/transports.js');
const makers = { sse, websocket: (site) => webSocket(site, WebSocket), 'event-source': (site) => eventSource(site, EventSource) };
const ticket = async () => (await fetch('/ticket', { method: 'POST' })).json();
const transports = makers[transport] && ((site) => [makers[transport](site)]);
const client = new FlagSyncClient({ url, ticket, cache: storageCache(localStorage, transport), ...(transports && { transports }) });
const show = () => { document.title = [client.status.state, client.status.transport ?? '-', client.value('shown', false)].join(' '); };
for (const name of ['change', 'status']) client.on(name, show);
window.sdk = { FlagSyncClient, client };
show();
`;

skipIf(!present, `${CHROMIUM} is not installed`).describe('FlagSyncClient in a page', () => {
  const start = useServers();
  let browser: Browser;
  let backend: Server;
  let server: TestServer;
  let origin: string;

  beforeAll(async () => {
    server = await start();
    const { outputFiles } = await build({
      ...{ stdin: { contents: SCRIPT, resolveDir: projectRoot() }, absWorkingDir: projectRoot(), outdir: 'out' },
      ...{ bundle: true, splitting: true, minify: true, write: false, format: 'esm', platform: 'browser' },
    });
    const scripts = new Map(outputFiles.map(({ path, text }) => [`/${basename(path)}`, text]));
    let key = '';
    backend = createServer((request, response) => {
      const script = scripts.get(request.url ?? '');
      if (script !== undefined) return void response.writeHead(200, { 'Content-Type': 'text/javascript' }).end(script);
      if (request.url !== '/ticket') {
        const page = '<!doctype html><link rel="icon" href="data:,"><script type="module" src="/stdin.js"></script>';
        return void response.writeHead(200, { 'Content-Type': 'text/html' }).end(page);
      }
      const headers = { Authorization: `Bearer ${key}`, 'Content-Type': 'application/json' };
      void httpRequest(`${server.url}/sdk/ticket`, { method: 'POST', headers, body: '{}' }).then(({ text }) =>
        response.end(text),
      );
    });
    await new Promise<void>((resolve) => backend.listen(0, '127.0.0.1', resolve));
    origin = `http://127.0.0.1:${(backend.address() as AddressInfo).port}`;
    ({ key } = await server.admin.createKey('production', 'server', { allowed_origins: [origin] }));
    await server.admin.createFlag('shown', { default_variant: 'on' });
    browser = await chromium.launch({ executablePath: CHROMIUM, args: ['--no-sandbox', '--disable-gpu'] });
  });
  afterAll(async () => {
    await browser?.close();
    backend.closeAllConnections();
    await new Promise((resolve) => backend.close(resolve));
  });

  it.each([
    ['', 'sse'],
    ['websocket', 'websocket'],
    ['event-source', 'event-source'],
  ])('gets a ticket, and shows each change (%j)', async (named, transport) => {
    await server.admin.patchEnv('shown', 'production', { status: 'enabled' });
    const page = await browser.newPage();
    const complaints: string[] = [];
    page.on('console', (message) => message.type() === 'error' && complaints.push(message.text()));
    page.on('pageerror', (error) => complaints.push(error.message));
    const address = `${origin}/#${server.url},${named}`;
    await page.goto(address);
    const title = (text: string) =>
      page.waitForFunction(`document.title === ${JSON.stringify(text)}`, undefined, { timeout: 10_000 });
    await title(`live ${transport} true`);
    await server.admin.patchEnv('shown', 'production', { status: 'disabled' });
    await title(`live ${transport} false`);

    const refused = `new sdk.FlagSyncClient({ url: ${JSON.stringify(server.url)}, sdkKey: 'fw_srv_nobody' })`;
    const code = await page.evaluate(`(() => { try { ${refused}; } catch ({ code }) { return code; } })()`);
    expect(code).toBe('server_key_in_browser');
    await page.evaluate('sdk.client.close()');
    await title('closed - false');

    // For the next page to begin with.
    expect(await page.evaluate('Object.values(localStorage).some((text) => text.includes("shown"))')).toBe(true);
    expect(complaints).toEqual([]);
    await page.close();
  });
});
