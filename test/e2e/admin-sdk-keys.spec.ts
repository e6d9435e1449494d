import { beforeAll, expect, it } from '@jest/globals';
import { type AdminAnswer, type AdminClient } from '../support/admin-client.js';
import { PollRefused, EtagPoller } from '../support/poll-client.js';
import { type TestServer } from '../support/server.js';
import { describeEachDatabase, useServers } from '../support/use-servers.js';
import { eventually } from '../support/wait.js';

interface Key {
  id: string;
  name: string;
  kind: string;
  prefix: string;
  allowed_origins: string[];
  created_at: string;
  expires_at: string | null;
  last_used_at: string | null;
  revoked_at: string | null;
}

interface Page {
  items: Key[];
  next: string | null;
}

const ENV = '/api/projects/default/environments/production';
const KEYS = `${ENV}/sdk-keys`;
const FIELDS = 'allowed_origins,created_at,expires_at,id,kind,last_used_at,name,prefix,revoked_at';
const TIME = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
const pathsOf = ({ body }: AdminAnswer) => (body as { errors: { path: string }[] }).errors.map(({ path }) => path).sort();
const codeOf = ({ status, body }: AdminAnswer) => [status, (body as { code?: string }).code];

describeEachDatabase('SDK keys', (database) => {
  const start = useServers();
  let server: TestServer;
  let admin: AdminClient;
  beforeAll(async () => {
    server = await start({ database });
    ({ admin } = server);
  });

  const create = (body: object) => admin.request('POST', KEYS, body);
  const list = async (query = '?limit=100') => (await admin.call<Page>('GET', `${KEYS}${query}`)).body;
  const listed = async (id: string) => (await list()).items.find((key) => key.id === id);
  const cursor = async () => (await admin.call<{ cursor: string }>('GET', ENV)).body.cursor;
  /** 200, or the status of the refusal. */
  const polled = async (key: string): Promise<number> => {
    try {
      await new EtagPoller({ url: server.url, key }).poll();
      return 200;
    } catch (error) {
      if (error instanceof PollRefused) return error.status;
      throw error;
    }
  };

  it('are shown once, when they are made, and work at once', async () => {
    const before = await cursor();
    const made = await create({ name: 'backend', kind: 'server' });
    const { key, ...rest } = made.body as Key & { key: string };
    expect([made.status, made.headers.location]).toEqual([201, `${KEYS}/${rest.id}`]);
    expect(Object.keys(rest).sort().join()).toBe(FIELDS);
    const unset = { allowed_origins: [], created_at: TIME, expires_at: null, last_used_at: null, revoked_at: null };
    expect(rest).toMatchObject({ name: 'backend', kind: 'server', ...unset });
    expect(key).toMatch(/^fw_srv_[0-9A-Za-z]{30,}$/);
    expect(key.startsWith(rest.prefix) && key.length - rest.prefix.length >= 30).toBe(true);
    expect(await polled(key)).toBe(200);
    const { last_used_at: _, ...lasting } = rest;
    expect(await listed(rest.id)).toMatchObject(lasting);
    // A key is no change of a flag: no revision, and the cursor is the present one.
    expect([made.cursors, await cursor()]).toEqual([{ production: before }, before]);
  });

  it('of the kind client say so', async () => {
    const origins = ['https://app.example.com', 'http://localhost:5173', 'capacitor://localhost'];
    const made = await create({ name: 'web', kind: 'client', allowed_origins: origins });
    expect(made).toMatchObject({ status: 201, body: { kind: 'client', allowed_origins: origins } });
    expect((made.body as { key: string }).key).toMatch(/^fw_cli_/);
    expect(await polled((made.body as { key: string }).key)).toBe(403);
  });

  it('say when they were last used', async () => {
    const { id, key } = await admin.createKey('production');
    const { id: idle } = await admin.createKey('production');
    const start = Date.now();
    expect(await polled(key)).toBe(200);
    const usedAt = async () => Date.parse((await listed(id))?.last_used_at ?? 'never');
    await eventually(async () => expect(await usedAt()).not.toBeNaN(), { timeoutMs: 30_000, what: 'last_used_at' });
    expect(await usedAt()).toBeGreaterThanOrEqual(start);
    expect((await listed(idle))?.last_used_at).toBeNull();
  });

  it('stand in no later answer, neither whole nor in part', async () => {
    const { id, key } = await admin.createKey('production');
    const rotated = await admin.rotateKey('production', id, 60);
    const paths = [`${KEYS}?limit=100`, ENV, `${ENV}/changes?limit=100`, '/api/projects/default/environments'];
    const text = JSON.stringify(await Promise.all(paths.map((path) => admin.call('GET', path))));
    for (const secret of [key, rotated.key]) {
      const { prefix = '' } = (await list()).items.find((item) => secret.startsWith(item.prefix)) ?? {};
      expect(prefix).not.toBe('');
      expect(text).not.toContain(secret.slice(prefix.length, prefix.length + 10));
      expect(text).not.toContain(secret.slice(-10));
    }
    expect(text).not.toMatch(/"(key|secret|hash|secret_hash)":"fw_/);
  });

  it.each([
    [{}, ['kind', 'name']],
    [{ name: null, kind: null }, ['kind', 'name']],
    [{ name: ' ', kind: 'mobile' }, ['kind', 'name']],
    [{ name: 'x'.repeat(201), kind: 'admin', allowed_origins: 'https://a.example' }, ['allowed_origins', 'kind', 'name']],
    [{ name: 'x', kind: 'server', expires_at: 'soon', key: 'mine', scope: 1 }, ['expires_at', 'key', 'scope']],
    [{ name: 'x', kind: 'server', expires_at: '2001-01-01T00:00:00Z' }, ['expires_at']],
    [{ name: 'x', kind: 'client', allowed_origins: null }, ['allowed_origins']],
    [
      { name: 'x', kind: 'client', allowed_origins: Array.from({ length: 101 }, (_, i) => `https://a${i}.example`) },
      ['allowed_origins'],
    ],
  ])('are refused with every mistake at once (%#)', async (body, paths) => {
    const before = await list();
    const answer = await create(body);
    expect([...codeOf(answer), pathsOf(answer)]).toEqual([400, 'invalid_input', paths]);
    expect(await list()).toEqual(before);
  });

  it.each([
    '*',
    'https://*.example.com',
    'https://a.example/',
    'https://a.example/path',
    'a.example',
    'HTTPS://A.example',
    'https://a.example:443',
    'null',
    '',
  ])('take no origin such as %j', async (origin) => {
    const answer = await create({ name: 'x', kind: 'client', allowed_origins: ['https://ok.example', origin] });
    expect(answer.status).toBe(400);
    expect(pathsOf(answer).every((path) => path.startsWith('allowed_origins'))).toBe(true);
  });

  it('are rotated: a new one of a new id, and the old one ends after its grace', async () => {
    const end = new Date(Date.now() + 86_400_000).toISOString();
    const extra = { name: 'turned', allowed_origins: ['https://a.example'], expires_at: end };
    const { id, key } = await admin.createKey('production', 'server', extra);
    const answer = await admin.request('POST', `${KEYS}/${id}/rotate`, { grace_seconds: 600 });
    const rotated = answer.body as Key & { key: string };
    expect([answer.status, answer.headers.location]).toEqual([201, `${KEYS}/${rotated.id}`]);
    expect(rotated).toMatchObject({ ...extra, kind: 'server', revoked_at: null });
    expect(rotated.id).not.toBe(id);
    expect(rotated.key).not.toBe(key);
    expect([await polled(key), await polled(rotated.key)]).toEqual([200, 200]);
    const left = Date.parse((await listed(id))?.expires_at ?? '') - Date.now();
    expect(left).toBeGreaterThan(500_000);
    expect(left).toBeLessThanOrEqual(600_000);
    // The end that a key has is not put off by its rotation.
    const long = await admin.request('POST', `${KEYS}/${rotated.id}/rotate`, { grace_seconds: 90 * 86_400 });
    expect([long.status, (await listed(rotated.id))?.expires_at]).toEqual([201, end]);
  });

  it('are rotated without grace: the old one ends', async () => {
    const { id, key } = await admin.createKey('production');
    const rotated = await admin.rotateKey('production', id, 0);
    expect(await polled(rotated.key)).toBe(200);
    await eventually(async () => expect(await polled(key)).toBe(401));
    const dead = await admin.request('POST', `${KEYS}/${id}/rotate`, { grace_seconds: 60 });
    expect(codeOf(dead)).toEqual([409, 'key_is_dead']);
  });

  it.each([[-1], [1.5], ['60'], [null], [90 * 86_400 + 1]])('have no grace of %j seconds', async (grace_seconds) => {
    const [first] = (await list()).items;
    const answer = await admin.request('POST', `${KEYS}/${first?.id}/rotate`, { grace_seconds });
    expect([answer.status, pathsOf(answer)]).toEqual([400, ['grace_seconds']]);
  });

  it('are revoked for good; twice is once', async () => {
    const { id, key } = await admin.createKey('production');
    const before = await cursor();
    const revoked = await admin.request('DELETE', `${KEYS}/${id}`);
    expect([revoked.status, revoked.body, revoked.cursors]).toEqual([204, undefined, { production: before }]);
    await eventually(async () => expect(await polled(key)).toBe(401));
    const { revoked_at } = (await listed(id)) ?? {};
    expect(revoked_at).toEqual(TIME);
    expect((await admin.request('DELETE', `${KEYS}/${id}`)).status).toBe(204);
    expect(await listed(id)).toMatchObject({ revoked_at });
    expect(codeOf(await admin.request('POST', `${KEYS}/${id}/rotate`, { grace_seconds: 1 }))).toEqual([409, 'key_is_dead']);
  });

  it('belong to one environment: from another one they are not found', async () => {
    const { id, key } = await admin.createKey('staging');
    for (const [method, path, body] of [
      ['DELETE', `${KEYS}/${id}`, undefined],
      ['POST', `${KEYS}/${id}/rotate`, { grace_seconds: 0 }],
      ['DELETE', `${KEYS}/7`, undefined],
      ['DELETE', `${KEYS}/%00`, undefined],
      ['DELETE', `${KEYS}/c0ffee00-0000-4000-8000-000000000000`, undefined],
    ] as const) {
      expect(codeOf(await admin.request(method, path, body))).toEqual([404, 'sdk_key_not_found']);
    }
    expect(await listed(id)).toBeUndefined();
    expect(await polled(key)).toBe(200);
    const nowhere = await admin.request('GET', KEYS.replace('production', 'nowhere'));
    expect(codeOf(nowhere)).toEqual([404, 'environment_not_found']);
  });

  it('are listed oldest first, dead ones too, in pages', async () => {
    const { items } = await list();
    expect(items.some(({ revoked_at }) => revoked_at !== null)).toBe(true);
    expect(items.every((item) => Object.keys(item).sort().join() === FIELDS)).toBe(true);
    const pages: string[] = [];
    for (let after: string | null = ''; after !== null;) {
      const page: Page = await list(`?limit=3${after === '' ? '' : `&after=${after}`}`);
      pages.push(...page.items.map(({ id }) => id));
      after = page.next;
    }
    expect(pages).toEqual(items.map(({ id }) => id));
    expect((await admin.request('GET', `${KEYS}?limit=101`)).status).toBe(400);
  });
});
