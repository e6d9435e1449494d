import { afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { type TestServer } from '../support/server.js';
import { useServers } from '../support/use-servers.js';
import { eventually, holds } from '../support/wait.js';
import { createEveryKind } from './support/every-kind.js';
import { StockPage } from './support/stock-page.js';

const FLAGS = 'POST /ofrep/v1/evaluate/flags';
const STREAM = 'GET /ofrep/v1/stream';

const start = useServers();
let server: TestServer;
const pages: StockPage[] = [];

beforeAll(async () => {
  server = await start({ env: { FLAGWIRE_RETRY_MIN_MS: '1000', FLAGWIRE_RETRY_MAX_MS: '1500' } });
  await createEveryKind(server.admin);
});
afterEach(async () => {
  await Promise.all(pages.splice(0).map((page) => page.close()));
});

async function open(
  context: Record<string, string> = { targetingKey: 'user-1', role: 'admin' },
  key?: string,
): Promise<StockPage> {
  const text = key ?? (await server.admin.createKey('production', 'client')).key;
  const page = await StockPage.open(server.url, text, context);
  pages.push(page);
  await eventually(() => expect(page.count(`${STREAM} 200`)).toBe(1));
  // The flags were made just before it came: it is told once that it may have missed something.
  await eventually(() => expect(page.asked.filter((entry) => entry.startsWith(FLAGS)).length).toBeGreaterThan(0));
  return page;
}

const toggle = (status: 'enabled' | 'disabled', flag = 'a.boolean') => server.admin.patchEnv(flag, 'production', { status });

describe('the stock OFREP provider for pages', () => {
  it('gives values of every type, with reasons, and the default in the code where there is none', async () => {
    const { client } = await open();
    expect(client.getBooleanDetails('a.boolean', true)).toMatchObject({ value: false, reason: 'STATIC', variant: 'off' });
    expect(client.getStringDetails('b.string', '-')).toMatchObject({ value: 'text', reason: 'STATIC' });
    expect(client.getNumberDetails('d.float', 0)).toMatchObject({ value: 0.5 });
    expect(client.getObjectDetails('e.object', {})).toMatchObject({ value: { a: [1, { b: null }] } });
    expect(client.getBooleanDetails('f.targeted', false)).toMatchObject({ value: true, reason: 'TARGETING_MATCH' });
    expect(client.getBooleanDetails('i.no-default', true)).toMatchObject({ value: true, reason: 'DEFAULT' });
    expect(client.getBooleanDetails('j.disabled', true)).toMatchObject({ value: true, reason: 'DISABLED' });
    expect(client.getBooleanDetails('nothing', true)).toMatchObject({ value: true, errorCode: 'FLAG_NOT_FOUND' });
    const guest = await open({});
    expect(guest.client.getBooleanDetails('f.targeted', true)).toMatchObject({ value: false, reason: 'DEFAULT' });
    expect(guest.client.getBooleanDetails('g.split', true)).toMatchObject({ value: true, errorCode: 'TARGETING_KEY_MISSING' });
  });

  it('shows a change at once, says which flags it changed, and keeps its one stream', async () => {
    const page = await open();
    await toggle('disabled');
    await eventually(() => expect(page.client.getBooleanDetails('a.boolean', true).reason).toBe('DISABLED'));
    await eventually(() => expect(page.heard).toContain('PROVIDER_CONFIGURATION_CHANGED a.boolean'));
    await toggle('enabled');
    await eventually(() => expect(page.client.getBooleanDetails('a.boolean', true).reason).toBe('STATIC'));
    expect(page.count(`${STREAM} 200`)).toBe(1);
  });

  it('is connected again with at most 3 requests after a restart with nothing changed', async () => {
    const page = await open();
    const answered = () => page.asked.filter((entry) => !entry.endsWith(' failed')).length;
    await eventually(async () => {
      const before = answered();
      await holds(() => answered() === before, 300);
    });
    const before = answered();
    await server.restart();
    await eventually(() => expect(page.count(`${STREAM} 200`)).toBeGreaterThan(1), { timeoutMs: 20_000 });
    await holds(() => answered() <= before + 3, 2000, 'at most 3 requests');
    await toggle('disabled');
    await eventually(() => expect(page.client.getBooleanDetails('a.boolean', true).reason).toBe('DISABLED'));
    await toggle('enabled');
  });

  it('learns by one notice of all that changed while it was away', async () => {
    const page = await open();
    await server.kill('SIGKILL');
    await server.restart();
    const { admin } = server;
    await admin.patchEnv('a.boolean', 'production', { default_variant: 'on' });
    await admin.patchEnv('b.string', 'production', { default_variant: 'y' });
    await eventually(() => expect(page.client.getBooleanValue('a.boolean', false)).toBe(true), { timeoutMs: 20_000 });
    await eventually(() => expect(page.client.getStringValue('b.string', '-')).toBe(''));
    await admin.patchEnv('a.boolean', 'production', { default_variant: 'off' });
    await admin.patchEnv('b.string', 'production', { default_variant: 'x' });
  });

  it('is cut off when its key is revoked, and keeps its last values', async () => {
    const made = await server.admin.createKey('production', 'client');
    const page = await open({ role: 'admin' }, made.key);
    await server.admin.revokeKey('production', made.id);
    await eventually(() => expect(page.count(`${STREAM} 401`)).toBeGreaterThan(0));
    expect(page.heard.filter((event) => event.startsWith('PROVIDER_STALE')).length).toBeGreaterThan(0);
    expect(page.client.getBooleanValue('f.targeted', false)).toBe(true);
    await toggle('disabled');
    await holds(() => page.client.getBooleanDetails('a.boolean', true).reason === 'STATIC', 500);
    await toggle('enabled');
  });
});
