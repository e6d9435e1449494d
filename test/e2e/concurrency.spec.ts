import { beforeAll, expect, it } from '@jest/globals';
import { type AdminAnswer, type AdminClient } from '../support/admin-client.js';
import { EtagPoller } from '../support/poll-client.js';
import { withSeed } from '../support/random.js';
import { type TestServer } from '../support/server.js';
import { describeEachDatabase, useServers } from '../support/use-servers.js';
import { eventually } from '../support/wait.js';

interface ChangeRecord {
  revision: number;
  changes: { flag: string; before: { metadata: { version: number } } | null; after: { metadata: { version: number } } | null }[];
}

const FLAGS = '/api/projects/default/flags';
const PARALLEL = 20;

/** How often each status was answered. */
function tally(answers: readonly AdminAnswer[]): Record<number, number> {
  const counts: Record<number, number> = {};
  for (const { status } of answers) counts[status] = (counts[status] ?? 0) + 1;
  return counts;
}

/** The same request `count` times at once, by turns on each node. */
function volley(nodes: readonly AdminClient[], count: number, send: (admin: AdminClient, index: number) => Promise<AdminAnswer>) {
  return Promise.all(Array.from({ length: count }, (_, index) => send(nodes[index % nodes.length] as AdminClient, index)));
}

describeEachDatabase('writes at the same moment', (database) => {
  const start = useServers();
  let server: TestServer;
  let admin: AdminClient;
  /** On PostgreSQL two nodes of one database; SQLite has one process. */
  let nodes: AdminClient[];
  beforeAll(async () => {
    server = await start({ database });
    ({ admin } = server);
    nodes = [admin];
    if (database === 'postgres') nodes.push((await start({ database: server.databaseUrl })).admin);
  });

  async function trail(environment: string, after = 0, project = 'default'): Promise<ChangeRecord[]> {
    const records: ChangeRecord[] = [];
    for (let next: string | null = String(after); next !== null;) {
      const path: string = `/api/projects/${project}/environments/${environment}/changes?limit=100&after=${next}`;
      const { body } = await admin.call<{ items: ChangeRecord[]; next: string | null }>('GET', path);
      records.push(...body.items);
      ({ next } = body);
    }
    return records;
  }

  const revision = async (environment: string) => (await admin.getEnvironment(environment)).body.revision;
  const dense = (from: number, count: number) => Array.from({ length: count }, (_, index) => from + index + 1);

  it('of one setting by one version: exactly one wins, the others learn it', async () => {
    await admin.createFlag('raced');
    const before = await revision('production');
    const path = `${FLAGS}/raced/environments/production`;
    const rule = (index: number) => ({ targeting: { if: [{ '==': [{ var: 'n' }, index] }, 'on', 'off'] } });
    const answers = await volley(nodes, PARALLEL, (node, index) =>
      node.request('PATCH', path, rule(index), { 'If-Match': '"1"' }),
    );
    expect(tally(answers)).toEqual({ 200: 1, 412: PARALLEL - 1 });
    const winner = answers.find(({ status }) => status === 200);
    expect((await admin.getEnv('raced', 'production')).body).toEqual(winner?.body);
    const learnt = answers.filter(({ status }) => status === 412).map(({ body }) => (body as { current: unknown }).current);
    expect(learnt).toEqual(Array.from({ length: PARALLEL - 1 }, () => winner?.body));
    expect(await revision('production')).toBe(before + 1);
  });

  it('of one flag by one version, edits and archivings alike: exactly one wins', async () => {
    await admin.createFlag('whole');
    const headers = { 'If-Match': '"1"' };
    const answers = await volley(nodes, PARALLEL, (node, index) =>
      index % 5 === 4
        ? node.request('DELETE', `${FLAGS}/whole`, undefined, headers)
        : node.request('PATCH', `${FLAGS}/whole`, { name: `Name ${index}` }, headers),
    );
    const won = answers.filter(({ status }) => status < 300);
    expect([won.length, tally(answers)[412]]).toEqual([1, PARALLEL - 1]);
    expect((await admin.getFlag('whole')).body['version']).toBe(2);
  });

  it('of one environment by one cursor: exactly one change set wins', async () => {
    for (let index = 0; index < PARALLEL; index += 1) await admin.createFlag(`set-${index}`);
    const { body } = await admin.call<{ cursor: string; revision: number }>('GET', '/api/projects/default/environments/staging');
    const path = '/api/projects/default/environments/staging/change-sets';
    const headers = { 'If-Match': `"${body.cursor}"` };
    const answers = await volley(nodes, PARALLEL, (node, index) =>
      node.request('POST', path, { changes: [{ flag: `set-${index}`, status: 'enabled' }] }, headers),
    );
    expect(tally(answers)).toEqual({ 200: 1, 412: PARALLEL - 1 });
    expect(await revision('staging')).toBe(body.revision + 1);
  });

  it('without a condition all take place, one after the other', async () => {
    await admin.createFlag('counted');
    const before = await revision('production');
    const path = `${FLAGS}/counted/environments/production`;
    const rule = (index: number) => ({ targeting: { if: [{ '==': [{ var: 'n' }, index] }, 'on'] } });
    const answers = await volley(nodes, PARALLEL, (node, index) => node.request('PATCH', path, rule(index)));
    expect(tally(answers)).toEqual({ 200: PARALLEL });
    const tags = answers.map(({ headers }) => Number(headers.etag?.replaceAll('"', ''))).sort((a, b) => a - b);
    expect(tags).toEqual(dense(1, PARALLEL));
    expect((await trail('production', before)).map((record) => record.revision)).toEqual(dense(before, PARALLEL));
    expect(new Set(answers.map(({ cursors }) => cursors['production'])).size).toBe(PARALLEL);
  });

  it('of one id: one flag is made, the others are told that it is taken', async () => {
    const before = await revision('production');
    const flag = (index: number) => ({ id: 'born', name: `Nr ${index}`, value_type: 'boolean', variants: { on: true } });
    const answers = await volley(nodes, PARALLEL, (node, index) => node.request('POST', FLAGS, flag(index)));
    expect(tally(answers)).toEqual({ 201: 1, 409: PARALLEL - 1 });
    const codes = answers.filter(({ status }) => status === 409).map(({ body }) => (body as { code: string }).code);
    expect(new Set(codes)).toEqual(new Set(['flag_exists']));
    expect((await admin.getFlag('born')).body).toEqual(answers.find(({ status }) => status === 201)?.body);
    expect(await revision('production')).toBe(before + 1);
  });

  it('of one key: one project and one environment is made', async () => {
    const body = { key: 'twin', name: 'Twin' };
    const projects = await volley(nodes, PARALLEL, (node) => node.request('POST', '/api/projects', body));
    expect(tally(projects)).toEqual({ 201: 1, 409: PARALLEL - 1 });
    const environments = await volley(nodes, PARALLEL, (node) => node.request('POST', '/api/projects/twin/environments', body));
    expect(tally(environments)).toEqual({ 201: 1, 409: PARALLEL - 1 });
    const deletions = await volley(nodes, 6, (node) => node.request('DELETE', '/api/projects/twin/environments/twin'));
    expect(tally(deletions)).toEqual({ 204: 1, 404: 5 });
    expect(tally(await volley(nodes, 6, (node) => node.request('DELETE', '/api/projects/twin')))).toEqual({ 204: 1, 404: 5 });
  });

  it('over all environments and over single ones neither deadlock nor lose one', async () => {
    await withSeed(async (random) => {
      const ids = ['m1', 'm2', 'm3', 'm4'];
      for (const id of ids) await admin.createFlag(id);
      const places = ['development', 'production', 'staging'];
      const before = Object.fromEntries(await Promise.all(places.map(async (key) => [key, await revision(key)] as const)));
      const marker = (index: number) => ({ if: [{ '==': [{ var: 'n' }, index] }, 'on', 'off'] });
      const plan = Array.from({ length: 60 }, (_, index) => {
        const [flag, environment, wide] = [random.pick(ids), random.pick(places), random.chance(0.4)];
        return { index, flag, environment, wide, order: random.shuffle(ids) };
      });
      const answers = await volley(nodes, plan.length, (node, at) => {
        const { index, flag, environment, wide, order } = plan[at] as (typeof plan)[number];
        if (wide) return node.request('PATCH', `${FLAGS}/${flag}`, { description: `edit ${index}` });
        const changes = order.map((id) => ({ flag: id, targeting: marker(index) }));
        return node.request('POST', `/api/projects/default/environments/${environment}/change-sets`, { changes });
      });
      expect(tally(answers)).toEqual({ 200: plan.length });
      const wide = plan.filter((step) => step.wide).length;
      for (const key of places) {
        const own = plan.filter((step) => !step.wide && step.environment === key).length;
        const records = await trail(key, before[key]);
        expect(records.map((record) => record.revision)).toEqual(dense(before[key] ?? NaN, wide + own));
        for (const id of ids) {
          const versions = records.flatMap(({ changes }) => changes.filter(({ flag }) => flag === id));
          const steps = versions.map(({ before: from, after }) => (after?.metadata.version ?? 0) - (from?.metadata.version ?? 0));
          expect(steps.every((step) => step === 1)).toBe(true);
        }
      }
    });
  });

  it('on every node end in the same state, which is the newest', async () => {
    const { key } = await admin.createKey('production');
    const { body } = await admin.call<{ cursor: string }>('GET', '/api/projects/default/environments/production');
    const states: unknown[] = [];
    for (const { url } of nodes) {
      const poller = new EtagPoller({ url, key });
      await eventually(async () => (await poller.poll(), expect(poller.cursor).toBe(body.cursor)), { timeoutMs: 20_000 });
      states.push([...poller.state.values()].sort((a, b) => (a.id < b.id ? -1 : 1)));
    }
    for (const state of states) expect(state).toEqual(states[0]);
  });

  it('with a project that goes meanwhile are made or find nothing: no fault', async () => {
    await admin.createProject('leaving');
    for (const key of ['one', 'two']) await admin.createEnvironment(key, { project: 'leaving' });
    await admin.createFlag('f', {}, { project: 'leaving' });
    const base = '/api/projects/leaving';
    const flag = (index: number) => ({ id: `n${index}`, name: 'x', value_type: 'boolean', variants: { on: true } });
    const requests: [string, string, (index: number) => object][] = [
      ['POST', `${base}/flags`, flag],
      ['PATCH', `${base}/flags/f`, (index) => ({ name: `x${index}` })],
      ['PATCH', `${base}/flags/f/environments/one`, (index) => ({ status: index % 2 === 0 ? 'enabled' : 'disabled' })],
      ['POST', `${base}/environments`, (index) => ({ key: `e${index}`, name: 'x' })],
      ['POST', `${base}/environments/two/sdk-keys`, () => ({ name: 'x', kind: 'server' })],
      ['POST', '/api/tokens', () => ({ name: 'x', role: 'viewer', project: 'leaving' })],
      ['GET', `${base}/flags`, () => ({})],
    ];
    const answers = await volley(nodes, 43, (node, index) => {
      if (index === 14) return node.request('DELETE', base);
      const [method, path, body] = requests[index % requests.length] as (typeof requests)[number];
      return node.request(method, path, method === 'GET' ? undefined : body(index));
    });
    const odd = answers.flatMap(({ status }, index) => {
      const [method, path] = requests[index % requests.length] as (typeof requests)[number];
      return [200, 201, 204, 400, 404].includes(status) ? [] : [`${method} ${path}: ${status}`];
    });
    expect(odd).toEqual([]);
    expect((await admin.request('GET', base)).status).toBe(404);
  });

  it('of archivings, restorations and settings leave one truth behind', async () => {
    await admin.createFlag('phoenix');
    const path = `${FLAGS}/phoenix`;
    const answers = await volley(nodes, 30, (node, index) => {
      if (index % 3 === 0) return node.request('DELETE', path);
      if (index % 3 === 1) return node.request('POST', `${path}/restore`);
      return node.request('PATCH', `${path}/environments/production`, { status: index % 2 === 0 ? 'enabled' : 'deprecated' });
    });
    expect(answers.filter(({ status }) => ![200, 204, 409].includes(status)).map(({ body }) => body)).toEqual([]);
    await admin.restore('phoenix');
    const { environments } = (await admin.getFlag('phoenix')).body as {
      environments: Record<string, { status: string; version: number }>;
    };
    const { body } = await admin.getEnv('phoenix', 'production');
    expect([body.status, body.metadata.version]).toEqual([
      environments['production']?.status,
      environments['production']?.version,
    ]);
    const records = (await trail('production')).flatMap(({ changes }) => changes.filter(({ flag }) => flag === 'phoenix'));
    expect(records.at(-1)?.after).toEqual(body);
  });
});
