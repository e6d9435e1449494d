import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { networkInterfaces, tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { httpRequest, type HttpAnswer } from '../support/http-request.js';
import { EtagPoller } from '../support/poll-client.js';
import { SseProbe } from '../support/sse-client.js';
import { type ServerOptions, type TestServer } from '../support/server.js';
import { useServers } from '../support/use-servers.js';
import { skipIf } from '../support/skip-if.js';
import { eventually } from '../support/wait.js';
import { type PrintedRequest, requestIn, secretsIn } from './support/first-start.js';

const start = useServers();

/** As somebody starts it who has set nothing. */
const UNSET = { FLAGWIRE_ADMIN_TOKEN: undefined, NODE_ENV: undefined };

/** The welcome comes after readiness. */
async function firstStart(options: ServerOptions = {}): Promise<TestServer> {
  const server = await start({ ...options, env: { ...UNSET, ...options.env } });
  await eventually(() => server.stdout().includes('/docs'), { what: 'the end of what the first start prints' });
  return server;
}

const send = ({ method, url, headers, body }: PrintedRequest): Promise<HttpAnswer> =>
  httpRequest(url, { method, headers, ...(body === undefined ? {} : { body }) });

const FIRST = 'A new database';

async function flagCount(server: TestServer): Promise<number> {
  const { body } = await server.admin.call<{ items: unknown[] }>('GET', '/api/projects/default/flags');
  return body.items.length;
}

const IPV6 = Object.values(networkInterfaces()).some((of) => of?.some(({ family }) => family === 'IPv6'));

skipIf(!IPV6, 'no IPv6 here').describe('a server that listens on IPv6', () => {
  it('prints an address that works', async () => {
    // 127.0.0.1 in the form of IPv6.
    const server = await firstStart({ env: { FLAGWIRE_HOST: '::ffff:127.0.0.1' } });
    const [, printed = ''] = /listening on (\S+)/.exec(server.stdout()) ?? [];
    expect((await httpRequest(`${printed}/health/live`)).status).toBe(200);
  });
});

describe('the first start on a new database', () => {
  it('prints a token, two keys and three things to try, and these work', async () => {
    const server = await firstStart();
    const printed = server.stdout();
    const { token, serverKey, clientKey } = secretsIn(printed);
    expect(new Set([token, serverKey, clientKey]).size).toBe(3);
    expect(printed.split(FIRST)).toHaveLength(2);

    const watch = requestIn(printed, 'curl -N');
    expect(watch).toMatchObject({ method: 'GET', url: `${server.url}/sdk/stream` });
    const probe = await SseProbe.connect({ url: watch.url, headers: watch.headers });
    await probe.waitForSync();
    expect([...probe.state.values()]).toMatchObject([{ id: 'welcome', status: 'enabled' }]);

    const flip = await send(requestIn(printed, 'curl -X PATCH'));
    expect([flip.status, flip.json()]).toMatchObject([200, { id: 'welcome', status: 'disabled' }]);
    await probe.waitForState((state) => state.get('welcome')?.status === 'disabled');
    expect(probe.messages.at(-1)).toMatchObject({ type: 'FlagStatusChanged', data: { flag_id: 'welcome' } });
    probe.assertInOrder();
    await probe.close();

    const page = await httpRequest(`${server.url}/docs`);
    expect(printed).toContain(`${server.url}/docs`);
    expect([page.status, page.header('content-type')]).toEqual([200, expect.stringContaining('text/html')]);
    const client = await httpRequest(`${server.url}/sdk/poll`, { headers: { 'X-API-Key': clientKey } });
    expect([client.status, client.json()]).toMatchObject([403, { code: 'client_key_forbidden' }]);
  });

  it('enables welcome in development alone, beside staging and production', async () => {
    const server = await firstStart();
    const admin = server.admin.as(secretsIn(server.stdout()).token);
    const { body } = await admin.call<{ items: { key: string }[] }>('GET', '/api/projects/default/environments');
    expect(body.items.map(({ key }) => key)).toEqual(['development', 'production', 'staging']);
    const statuses = body.items.map(async ({ key }) => (await admin.getEnv('welcome', key)).body.status);
    expect(await Promise.all(statuses)).toEqual(['enabled', 'disabled', 'disabled']);
  });

  it('writes none of the secrets to a file', async () => {
    const server = await firstStart();
    const secrets = Object.values(secretsIn(server.stdout()));
    await server.stop();
    const files = readdirSync(server.dataDir, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
    expect(files.map(({ name }) => name)).toContain('flagwire.db');
    const bytes = files.map((file) => readFileSync(join(file.parentPath, file.name), 'latin1')).join('\n');
    expect(bytes).toContain('welcome');
    for (const secret of secrets) expect(bytes.includes(secret.slice(19, 51))).toBe(false);
  });
});

describe('the second start', () => {
  it('keeps everything and prints no secret', async () => {
    const server = await firstStart();
    const { token, serverKey } = secretsIn(server.stdout());
    const admin = server.admin.as(token);
    await admin.patchEnv('welcome', 'development', { status: 'deprecated' });
    const poller = new EtagPoller({ url: server.url, key: serverKey });
    await poller.poll();
    const before = server.stdout();

    await server.restart();
    // Unchanged by its tag: the same epoch, revision and mark.
    expect(await poller.poll()).toBe(false);
    expect(poller.state.get('welcome')?.status).toBe('deprecated');
    expect((await admin.getFlag('welcome')).status).toBe(200);
    await server.stop();
    const printed = server.stdout().slice(before.length);
    expect(printed).toContain('listening');
    expect(printed + server.stderr()).not.toMatch(/fw_(srv|cli|adm)_|A new database/);
  });
});

describe('a start with a token of its own', () => {
  it.each([
    ['FLAGWIRE_ADMIN_TOKEN', { NODE_ENV: undefined }],
    ['NODE_ENV=production', { NODE_ENV: 'production' }],
  ])('makes the project and its environments, and neither flag nor secret (%s)', async (_name, env) => {
    const server = await start({ env });
    expect(await flagCount(server)).toBe(0);
    const { body } = await server.admin.call<{ items: unknown[] }>('GET', '/api/projects/default/environments');
    expect(body.items).toHaveLength(3);
    const keys = await server.admin.call<{ items: unknown[] }>('GET', '/api/projects/default/environments/development/sdk-keys');
    expect(keys.body.items).toEqual([]);
    await server.stop();
    expect(server.stdout() + server.stderr()).not.toMatch(/fw_(srv|cli|adm)_|A new database/);
  });

  it('is no first start for the next one without', async () => {
    const server = await start({ env: { NODE_ENV: undefined } });
    await server.stop();
    const { databaseUrl } = server;
    const next = await start({ database: databaseUrl, env: UNSET });
    await next.stop();
    expect(next.stdout()).toContain('listening');
    expect(next.stdout()).not.toMatch(/fw_(srv|cli|adm)_|A new database/);
  });
});

describe('nodes that start together on a new database', () => {
  it('do this once', async () => {
    const first = await start({ database: 'postgres', env: UNSET, until: 'spawned' });
    const others = [1, 2].map(() => start({ database: first.databaseUrl, env: UNSET, until: 'spawned' }));
    const nodes = [first, ...(await Promise.all(others))];
    await Promise.all(nodes.map((node) => node.untilReady()));
    for (const node of nodes) await eventually(() => node.stdout().includes('listening'), { timeoutMs: 20_000 });
    const made = () => nodes.filter((node) => node.stdout().includes('/docs'));
    await eventually(() => made().length > 0);
    const [maker] = made();
    const admin = first.admin.as(secretsIn(maker?.stdout() ?? '').token);
    const { body } = await admin.call<{ items: { key: string }[] }>('GET', '/api/projects');
    expect(body.items.map(({ key }) => key)).toEqual(['default']);
    for (const node of nodes) {
      const flags = await node.admin.as(admin.token).call<{ items: { id: string }[] }>('GET', '/api/projects/default/flags');
      expect(flags.body.items.map(({ id }) => id)).toEqual(['welcome']);
    }
    await Promise.all(nodes.map((node) => node.stop()));
    expect(nodes.filter((node) => /fw_(srv|cli|adm)_/.test(node.stdout()))).toHaveLength(1);
  });
});

describe('FLAGWIRE_ADMIN_TOKEN_FILE', () => {
  it('names the file that has the token', async () => {
    const dataDir = mkdtempSync(join(tmpdir(), 'flagwire-token-'));
    const file = join(dataDir, 'token');
    writeFileSync(file, `${'t'.repeat(32)}\n`);
    const server = await start({ dataDir, env: { FLAGWIRE_ADMIN_TOKEN: undefined, FLAGWIRE_ADMIN_TOKEN_FILE: file } });
    expect((await server.admin.as('t'.repeat(32)).request('GET', '/api/projects')).status).toBe(200);
    expect((await server.admin.request('GET', '/api/projects')).status).toBe(401);
    await server.dispose();
    rmSync(dataDir, { recursive: true });
  });
});
