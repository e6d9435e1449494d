import { beforeAll, expect, it } from '@jest/globals';
import { type AdminAnswer, type AdminClient } from '../support/admin-client.js';
import { type TestServer } from '../support/server.js';
import { describeEachDatabase, useServers } from '../support/use-servers.js';

interface Project {
  key: string;
  name: string;
  created_at: string;
  updated_at: string;
}

interface Page<Item> {
  items: Item[];
  next: string | null;
}

const pathsOf = ({ body }: AdminAnswer) => (body as { errors: { path: string }[] }).errors.map(({ path }) => path).sort();
const TIME = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);

describeEachDatabase('projects', (database) => {
  const start = useServers();
  let server: TestServer;
  let admin: AdminClient;
  beforeAll(async () => {
    server = await start({ database });
    ({ admin } = server);
  });

  const keys = async (query = '') =>
    (await admin.call<Page<Project>>('GET', `/api/projects${query}`)).body.items.map(({ key }) => key);

  it('a new database has the project default with three environments, and no flag', async () => {
    expect(await keys()).toEqual(['default']);
    const environments = await admin.call<Page<{ key: string; revision: number }>>('GET', '/api/projects/default/environments');
    const found = environments.body.items.map(({ key, revision }) => [key, revision]);
    expect(found).toEqual(['development', 'production', 'staging'].map((key) => [key, 0]));
    const flags = await admin.call('GET', '/api/projects/default/flags');
    expect(flags.body).toEqual({ items: [], next: null });
  });

  it('are made, read, renamed and deleted', async () => {
    const made = await admin.request('POST', '/api/projects', { key: 'shop', name: 'The shop' });
    const project = { key: 'shop', name: 'The shop', created_at: TIME, updated_at: TIME };
    expect([made.status, made.headers.location, made.body]).toEqual([201, '/api/projects/shop', project]);
    const read = await admin.request('GET', made.headers.location ?? '');
    expect([read.status, read.body]).toEqual([200, made.body]);

    const renamed = await admin.request('PATCH', '/api/projects/shop', { name: 'Störe 👍' });
    expect([renamed.status, renamed.body]).toEqual([200, { ...project, name: 'Störe 👍' }]);
    const { created_at, updated_at } = renamed.body as Project;
    expect(created_at).toBe((made.body as Project).created_at);
    const same = await admin.request('PATCH', '/api/projects/shop', {});
    expect([same.status, (same.body as Project).updated_at]).toEqual([200, updated_at]);

    const deleted = await admin.request('DELETE', '/api/projects/shop');
    expect([deleted.status, deleted.body]).toEqual([204, undefined]);
    expect(await admin.request('GET', '/api/projects/shop')).toMatchObject({ status: 404, body: { code: 'project_not_found' } });
    const again = await admin.request('DELETE', '/api/projects/shop');
    expect(again).toMatchObject({ status: 404, body: { code: 'project_not_found' } });
    // A key is free again once its project is gone, and nothing of the old one is in the new one.
    expect((await admin.createProject('shop')).status).toBe(201);
    await admin.deleteProject('shop');
  });

  it('have one key each', async () => {
    const answer = await admin.request('POST', '/api/projects', { key: 'default', name: 'Another' });
    expect(answer).toMatchObject({ status: 409, body: { status: 409, code: 'project_exists' } });
    expect(answer.headers['content-type']).toBe('application/problem+json');
    expect((await admin.call<Project>('GET', '/api/projects/default')).body.name).toBe('Default');
  });

  it.each([
    [{}, ['key', 'name']],
    [{ key: 7, name: 7 }, ['key', 'name']],
    [{ key: null, name: null }, ['key', 'name']],
    [{ key: '', name: '' }, ['key', 'name']],
    [{ key: 'Shop', name: ' ' }, ['key', 'name']],
    [{ key: '1shop', name: 'a\nb' }, ['key', 'name']],
    [{ key: 'my_shop', name: 'x'.repeat(257) }, ['key', 'name']],
    [{ key: `a${'b'.repeat(63)}`, name: 'a\u0000b', more: 1, __proto__: null }, ['key', 'more', 'name']],
    [{ key: '__proto__', name: 'ok', 'a b': 1 }, ['["a b"]', 'key']],
  ])('are refused with every mistake at once (%#)', async (body, paths) => {
    const before = await keys();
    const answer = await admin.request('POST', '/api/projects', body);
    expect(answer).toMatchObject({ status: 400, body: { status: 400, code: 'invalid_input', title: 'Bad Request' } });
    expect(pathsOf(answer)).toEqual(paths);
    expect(await keys()).toEqual(before);
  });

  it('are refused with a field called like a method of every object', async () => {
    const names = ['toString', 'constructor', '__proto__'];
    const answers: AdminAnswer[] = [];
    for (const name of names) {
      answers.push(await admin.request('POST', '/api/projects', `{"key": "odd", "name": "Odd", "${name}": {}}`));
      await admin.request('DELETE', '/api/projects/odd');
    }
    expect(answers.map(({ status }) => status)).toEqual([400, 400, 400]);
    expect(answers.map(pathsOf)).toEqual(names.map((name) => [name]));
  });

  it('take a key of 63 characters and a name of 256', async () => {
    const key = `a${'-'.repeat(61)}9`;
    const answer = await admin.request('POST', '/api/projects', { key, name: '👍'.repeat(256) });
    expect(answer).toMatchObject({ status: 201, body: { key, name: '👍'.repeat(256) } });
    await admin.deleteProject(key);
  });

  it('keep their key: a rename that names it is refused, and changes nothing', async () => {
    const answer = await admin.request('PATCH', '/api/projects/default', { key: 'other', name: 'Other' });
    expect([answer.status, pathsOf(answer)]).toEqual([400, ['key']]);
    expect((await admin.call<Project>('GET', '/api/projects/default')).body.name).toBe('Default');
    const cleared = await admin.request('PATCH', '/api/projects/default', { name: null });
    expect([cleared.status, pathsOf(cleared)]).toEqual([400, ['name']]);
  });

  it.each(['no-such-project', 'NO', '__proto__', '%00', '..%2F..', "x';--"])('"%s" is no project', async (name) => {
    for (const rest of ['', '/environments', '/flags', '/environments/production', '/environments/production/changes']) {
      const answer = await admin.request('GET', `/api/projects/${name}${rest}`);
      expect([rest, answer.status, answer.body]).toMatchObject([rest, 404, { code: 'project_not_found' }]);
    }
    const flag = { id: 'x', name: 'x', value_type: 'boolean', variants: { on: true } };
    expect((await admin.request('POST', `/api/projects/${name}/flags`, flag)).status).toBe(404);
    expect((await admin.request('DELETE', `/api/projects/${name}`)).status).toBe(404);
  });

  it('are listed by key, in pages', async () => {
    const made = ['b', 'a', 'c-1', 'c', 'ca', 'z'];
    for (const key of made) await admin.createProject(key);
    const all = [...made, 'default'].sort();
    const pages: string[][] = [];
    let after = '';
    for (let next: string | null = 'first'; next !== null; after = `&after=${next}`) {
      const { body }: AdminAnswer<Page<Project>> = await admin.call<Page<Project>>('GET', `/api/projects?limit=3${after}`);
      pages.push(body.items.map(({ key }) => key));
      ({ next } = body);
    }
    expect(pages.map((page) => page.length)).toEqual([3, 3, 1]);
    expect(pages.flat()).toEqual(all);
    // What `after` names may be gone meanwhile.
    expect(await keys('?limit=1&after=bb')).toEqual(['c']);
    expect(await keys('?after=zz')).toEqual([]);
    for (const key of made) await admin.deleteProject(key);
  });

  it.each([
    'limit=0',
    'limit=101',
    'limit=-1',
    'limit=1e1',
    'limit=abc',
    'limit=',
    'limit=5&limit=6',
    'offset=3',
    'after=a&after=b',
  ])('are not listed for ?%s', async (query) => {
    const answer = await admin.request('GET', `/api/projects?${query}`);
    expect(answer).toMatchObject({ status: 400, body: { code: 'invalid_input' } });
    expect(pathsOf(answer)).toEqual([query.slice(0, query.indexOf('='))]);
  });

  it('hold flags of the same id apart', async () => {
    await admin.createProject('left');
    await admin.createProject('right');
    for (const project of ['left', 'right']) {
      await admin.createEnvironment('production', { project });
      await admin.createFlag('same', { name: project }, { project });
    }
    await admin.archive('same', { project: 'left' });
    expect((await admin.getFlag('same', { project: 'right' })).body).toMatchObject({ name: 'right', archived_at: null });
    const { items } = (await admin.changes('production', 0, { project: 'right' })).body;
    expect(items).toHaveLength(1);
    await admin.deleteProject('left');
    expect((await admin.getFlag('same', { project: 'right' })).status).toBe(200);
    await admin.deleteProject('right');
  });
});
