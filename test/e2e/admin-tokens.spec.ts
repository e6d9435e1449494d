import { beforeAll, expect, it } from '@jest/globals';
import { type AdminAnswer, type AdminClient } from '../support/admin-client.js';
import { eventually } from '../support/wait.js';
import { describeEachDatabase, useServers } from '../support/use-servers.js';

interface Token {
  id: string;
  name: string;
  role: string;
  project: string | null;
  environments: string[] | null;
  prefix: string;
  created_at: string;
  expires_at: string | null;
  last_used_at: string | null;
  revoked_at: string | null;
}

interface Page {
  items: Token[];
  next: string | null;
}

const UUID = expect.stringMatching(/^[0-9a-f-]{36}$/);
const TIME = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
const pathsOf = ({ body }: AdminAnswer) => (body as { errors: { path: string }[] }).errors.map(({ path }) => path).sort();
const codeOf = ({ status, body }: AdminAnswer) => [status, (body as { code?: string }).code];

describeEachDatabase('admin tokens', (database) => {
  const start = useServers();
  let admin: AdminClient;
  beforeAll(async () => {
    ({ admin } = await start({ database }));
  });

  const create = (body: object) => admin.request('POST', '/api/tokens', body);
  const list = async (query = '') => (await admin.call<Page>('GET', `/api/tokens${query}`)).body;
  const listed = async (id: string) => (await list('?limit=100')).items.find((token) => token.id === id);

  it('are shown once, when they are made, and work at once', async () => {
    const made = await create({ name: 'CI of the shop', role: 'editor' });
    const { token, ...rest } = made.body as Token & { token: string };
    expect([made.status, made.headers.location]).toEqual([201, `/api/tokens/${rest.id}`]);
    expect(rest).toMatchObject({ id: UUID, name: 'CI of the shop', role: 'editor', project: null, environments: null });
    expect(rest).toMatchObject({ created_at: TIME, expires_at: null, revoked_at: null });
    expect(token).toMatch(/^fw_adm_[0-9A-Za-z]{30,}$/);
    expect(token.startsWith(rest.prefix)).toBe(true);
    expect(token.length - rest.prefix.length).toBeGreaterThanOrEqual(30);
    expect((await admin.as(token).request('GET', '/api/projects')).status).toBe(200);
    expect(await listed(rest.id)).toMatchObject(rest);
  });

  it('show when they were last used, and that they never were', async () => {
    const [used, idle] = [await admin.createToken('viewer'), await admin.createToken('viewer')];
    await admin.as(used.token).call('GET', '/api/projects');
    const usedAt = async () => Date.parse((await listed(used.id))?.last_used_at ?? 'never');
    await eventually(async () => expect(await usedAt()).not.toBeNaN(), { timeoutMs: 30_000, what: 'last_used_at' });
    expect((await listed(idle.id))?.last_used_at).toBeNull();
  });

  it('stand in no later answer, neither whole nor in part', async () => {
    const { id, token } = await admin.createToken('editor');
    await admin.as(token).createFlag('made-by-a-token');
    const lists = ['/api/tokens?limit=100', '/api/projects', '/api/projects/default/environments/production/changes?limit=100'];
    const text = JSON.stringify(await Promise.all(lists.map((path) => admin.call('GET', path))));
    const prefix = (await listed(id))?.prefix ?? '';
    expect(text).toContain('editor of a test');
    expect(text).not.toContain(token.slice(prefix.length, prefix.length + 10));
    expect(text).not.toContain(token.slice(-10));
    expect(text).not.toMatch(/"(token|secret|hash|secret_hash)":/);
  });

  it('of a project are for that project, of environments for those', async () => {
    const { id } = await admin.createToken('viewer', { project: 'default', environments: ['staging', 'development'] });
    expect(await listed(id)).toMatchObject({ project: 'default', environments: ['staging', 'development'] });
    const { id: all } = await admin.createToken('viewer', { project: null, environments: null, expires_at: null });
    expect(await listed(all)).toMatchObject({ project: null, environments: null, expires_at: null });
  });

  it.each([
    [{}, ['name', 'role']],
    [{ name: null, role: null }, ['name', 'role']],
    [{ name: '', role: 'owner' }, ['name', 'role']],
    [{ name: 'x'.repeat(201), role: ['admin'] }, ['name', 'role']],
    [{ name: 'x', role: 'ADMIN', project: 'Not a key', expires_at: 'tomorrow' }, ['expires_at', 'project', 'role']],
    [{ name: 'x', role: 'admin', scope: 'all', token: 'mine' }, ['scope', 'token']],
    [{ name: 'x', role: 'admin', project: 'nowhere' }, ['project']],
    [{ name: 'x', role: 'admin', environments: ['staging'] }, ['environments']],
    [{ name: 'x', role: 'admin', project: 'default', environments: [] }, ['environments']],
    [{ name: 'x', role: 'admin', project: 'default', environments: ['staging', 'staging'] }, ['environments']],
    [{ name: 'x', role: 'admin', project: 'default', environments: ['staging', 'nowhere'] }, ['environments[1]']],
    [{ name: 'x', role: 'admin', expires_at: '2001-01-01T00:00:00Z' }, ['expires_at']],
    [{ name: 'x', role: 'admin', expires_at: '2099-13-01T00:00:00Z' }, ['expires_at']],
    [{ name: 'x', role: 'admin', expires_at: 4_000_000_000 }, ['expires_at']],
  ])('are refused with every mistake at once (%#)', async (body, paths) => {
    const before = await list('?limit=100');
    const answer = await create(body);
    expect([...codeOf(answer), pathsOf(answer)]).toEqual([400, 'invalid_input', paths]);
    expect(await list('?limit=100')).toEqual(before);
  });

  it('end at the moment that was given, in any time zone', async () => {
    const inADay = new Date(Date.now() + 86_400_000);
    const zoned = inADay.toISOString().replace('Z', '+00:00');
    const { id, token } = await admin.createToken('viewer', { expires_at: zoned });
    expect(await listed(id)).toMatchObject({ expires_at: inADay.toISOString() });
    expect((await admin.as(token).request('GET', '/api/projects')).status).toBe(200);
  });

  it('are revoked for good; twice is once', async () => {
    const { id, token } = await admin.createToken('admin');
    const revoked = await admin.request('DELETE', `/api/tokens/${id}`);
    expect([revoked.status, revoked.body]).toEqual([204, undefined]);
    expect(codeOf(await admin.as(token).request('GET', '/api/projects'))).toEqual([401, 'revoked_token']);
    const { revoked_at } = (await listed(id)) ?? {};
    expect(revoked_at).toEqual(TIME);
    expect((await admin.request('DELETE', `/api/tokens/${id}`)).status).toBe(204);
    expect(await listed(id)).toMatchObject({ revoked_at });
  });

  it.each(['7', 'c0ffee00-0000-4000-8000-000000000000', '%00', '__proto__'])('"%s" is none', async (id) => {
    expect(codeOf(await admin.request('DELETE', `/api/tokens/${id}`))).toEqual([404, 'token_not_found']);
  });

  it('may revoke themselves, and never by another token that is none', async () => {
    const { id, token } = await admin.createToken('admin');
    expect((await admin.as(token).request('DELETE', `/api/tokens/${id}`)).status).toBe(204);
    expect((await admin.as(token).request('DELETE', `/api/tokens/${id}`)).status).toBe(401);
  });

  it('of a project end with it, and a new project of that key is not theirs', async () => {
    await admin.createProject('leased');
    const { token, id } = await admin.createToken('admin', { project: 'leased' });
    expect((await admin.as(token).request('GET', '/api/projects/leased')).status).toBe(200);
    await admin.deleteProject('leased');
    expect((await admin.as(token).request('GET', '/api/projects/leased')).status).toBe(401);
    await admin.createProject('leased');
    expect((await admin.as(token).request('GET', '/api/projects/leased')).status).toBe(401);
    // Least of all have they become tokens of the whole server.
    expect((await admin.as(token).request('GET', '/api/projects/default')).status).toBe(401);
    expect((await listed(id))?.project ?? 'gone').not.toBeNull();
    await admin.deleteProject('leased');
  });

  it('of an environment do not open another one that is made later under its key', async () => {
    await admin.createEnvironment('let');
    const { token } = await admin.createToken('editor', { project: 'default', environments: ['let'] });
    const read = () => admin.as(token).request('GET', '/api/projects/default/environments/let');
    expect((await read()).status).toBe(200);
    await admin.deleteEnvironment('let');
    await admin.createEnvironment('let');
    expect((await read()).status).not.toBe(200);
    await admin.deleteEnvironment('let');
  });

  it('are listed oldest first, in pages', async () => {
    const { items } = await list('?limit=100');
    expect(items.length).toBeGreaterThan(5);
    const pages: string[] = [];
    for (let after: string | null = ''; after !== null;) {
      const page: Page = await list(`?limit=2${after === '' ? '' : `&after=${after}`}`);
      expect(page.items.length).toBeLessThanOrEqual(2);
      pages.push(...page.items.map(({ id }) => id));
      after = page.next;
    }
    expect(pages).toEqual(items.map(({ id }) => id));
    const times = items.map(({ created_at }) => created_at);
    expect(times).toEqual([...times].sort());
    for (const query of ['limit=0', 'limit=101', 'limit=x', 'role=admin']) {
      expect((await admin.request('GET', `/api/tokens?${query}`)).status).toBe(400);
    }
    // Whatever is handed in as a cursor: a page or a refusal, no fault.
    for (const after of ['x', '%00', 'c0ffee00-0000-4000-8000-000000000000']) {
      expect((await admin.request('GET', `/api/tokens?after=${after}`)).status).toBeLessThan(500);
    }
  });

  it('are handed out by admins of the whole server alone: nobody raises himself', async () => {
    const wanted = { name: 'more', role: 'admin' };
    const scopes = [{ role: 'viewer' }, { role: 'editor' }, { role: 'admin', project: 'default' }];
    for (const { role, ...extra } of scopes) {
      const { token } = await admin.createToken(role as 'viewer', extra);
      const { status } = await admin.as(token).request('POST', '/api/tokens', { ...wanted, ...extra });
      expect([role, status]).toEqual([role, 403]);
      expect((await admin.as(token).request('GET', '/api/tokens')).status).toBe(403);
    }
  });
});
