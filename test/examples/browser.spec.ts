import { spawnSync } from 'node:child_process';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { type Browser, chromium, type Page } from 'playwright-core';
import { freePort } from '../support/free-port.js';
import { httpRequest } from '../support/http-request.js';
import { type TestServer } from '../support/server.js';
import { skipIf } from '../support/skip-if.js';
import { useServers } from '../support/use-servers.js';
import { eventually } from '../support/wait.js';
import { QuickStart } from './quick-start.js';

const CHROMIUM = '/usr/bin/chromium';
const ARGS = ['--no-sandbox', '--disable-gpu', '--disable-background-networking'];
const present = spawnSync(CHROMIUM, ['--version'], { stdio: 'ignore' }).status === 0;

/** Beside the client of the page, one on the transport that a page has of its own. */
const ON_EVENT_SOURCE = `(async () => {
  const { FlagSyncClient } = await import('@flagwire/client');
  const { eventSource } = await import('@flagwire/client/transports');
  const ticket = async () => (await fetch('/flag-ticket', { method: 'POST' })).json();
  const url = document.querySelector('meta[name=flagwire-url]').content;
  const client = new FlagSyncClient({ url, ticket, transports: (site) => [eventSource(site, EventSource)] });
  await client.ready();
  window.second = client;
})()`;

skipIf(!present, `${CHROMIUM} is not installed`).describe('examples/browser, by the line of its page', () => {
  const start = useServers();
  let server: TestServer;
  let example: QuickStart;
  let browser: Browser;
  let origin: string;
  let key: string;

  beforeAll(async () => {
    server = await start({ env: { FLAGWIRE_TICKET_TTL_S: '2', FLAGWIRE_TICKETS_PER_MINUTE: '1000' } });
    const PORT = String(await freePort());
    origin = `http://127.0.0.1:${PORT}`;
    ({ key } = await server.admin.createKey('development', 'server', { allowed_origins: [origin] }));
    await server.admin.createFlag('welcome', { default_variant: 'on' });
    await server.admin.createFlag('secret-plan');
    example = new QuickStart('browser', key, { FLAGWIRE_URL: server.url, PORT });
    await eventually(() => example.output === `open ${origin}\n`, { timeoutMs: 20_000 });
    browser = await chromium.launch({ executablePath: CHROMIUM, args: ARGS });
  });
  afterAll(async () => {
    await browser?.close();
    await example?.stop();
  });

  const turn = (status: 'enabled' | 'disabled') => server.admin.patchEnv('welcome', 'development', { status });
  const shows = (page: Page, flag: string, status: string, timeoutMs = 5000) =>
    eventually(async () => expect([await page.textContent('#flag'), await page.textContent('#status')]).toEqual([flag, status]), {
      timeoutMs,
    });

  it('shows each change, breaks no rule of its policy, and gives nothing away', async () => {
    await turn('enabled');
    const page = await browser.newPage();
    const complaints: string[] = [];
    const texts: Promise<string>[] = [];
    page.on('console', (message) => complaints.push(message.text()));
    page.on('pageerror', (error) => complaints.push(error.message));
    page.on('response', (response) => {
      if (response.url().startsWith(origin)) texts.push(response.text());
    });
    const policy = (await page.goto(origin))?.headers()['content-security-policy'];
    await shows(page, 'on', 'live');
    await turn('disabled');
    await shows(page, 'off', 'live');
    await turn('enabled');
    await shows(page, 'on', 'live');
    expect(policy).toMatch(/^default-src 'none'; (?!.*unsafe)/);
    expect(complaints).toEqual([]);
    const all = (await Promise.all(texts)).join('');
    expect(all).toContain('"ticket"');
    expect([all.includes(key), all.includes('secret-plan')]).toEqual([false, false]);
    expect(await page.evaluate('Object.values(localStorage).join()')).not.toContain('secret-plan');
    await page.close();
  });

  it('resumes where its server was away, with a new ticket where that has expired, over fetch and EventSource', async () => {
    await turn('enabled');
    const page = await browser.newPage();
    const streams: { type: string; ticket: string | null; cursor: string | null }[] = [];
    const note = (type: string, address: string, lastId: string | undefined): void => {
      const { searchParams: query } = new URL(address);
      streams.push({ type, ticket: query.get('ticket'), cursor: query.get('last_event_id') ?? lastId ?? null });
    };
    page.on('request', (request) => {
      const isStream = new URL(request.url()).pathname === '/sdk/stream';
      if (isStream) note(request.resourceType(), request.url(), request.headers()['last-event-id']);
    });
    // Where the server was away for three attempts, this is next.
    page.on('websocket', (socket) => note('websocket', socket.url(), undefined));
    await page.goto(origin);
    await shows(page, 'on', 'live');
    await page.evaluate(ON_EVENT_SOURCE);
    const second = () => page.evaluate(`[second.status.state, second.value('welcome', false)].join()`);
    expect(await second()).toBe('live,true');
    expect(streams.map(({ type }) => type).sort()).toEqual(['eventsource', 'fetch']);

    const old = streams.map(({ ticket }) => ticket ?? '');
    const refused = async () =>
      Promise.all(old.map(async (ticket) => (await httpRequest(`${server.url}/sdk/ws?ticket=${ticket}`)).status));
    await eventually(async () => expect(await refused()).toEqual([401, 401]));
    streams.length = 0;
    await server.kill();
    await shows(page, 'on', 'stale', 15_000);
    await server.restart();
    await shows(page, 'on', 'live', 40_000);
    await eventually(async () => expect(await second()).toBe('live,true'), { timeoutMs: 40_000 });
    await turn('disabled');
    await shows(page, 'off', 'live');
    await eventually(async () => expect(await second()).toBe('live,false'), { timeoutMs: 5000 });
    const types = new Set(streams.map(({ type }) => (type === 'websocket' ? 'fetch' : type)));
    expect(types).toEqual(new Set(['eventsource', 'fetch']));
    for (const { ticket, cursor } of streams) {
      expect(old).not.toContain(ticket);
      expect(cursor).toMatch(/\.\d+\./);
    }
    await page.close();
  });
});
