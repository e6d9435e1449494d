import { beforeAll, describe, expect, it } from '@jest/globals';
import { type AdminClient } from '../support/admin-client.js';
import { type TestServer } from '../support/server.js';
import { useServers } from '../support/use-servers.js';
import { eventually } from '../support/wait.js';

const start = useServers();
let server: TestServer;
let admin: AdminClient;
let flagRevision: number;

beforeAll(async () => {
  server = await start();
  ({ admin } = server);
  await admin.createProject('elsewhere');
  await admin.createEnvironment('staging', { project: 'elsewhere' });
  await admin.createFlag('shared', {}, { project: 'elsewhere' });
  await admin.createFlag('shared');
  flagRevision = (await admin.getEnvironment('production')).body.revision;
});

const IN = '/api/projects/default';
const OUT = '/api/projects/elsewhere';
const edit = { status: 'enabled' };

type Request = readonly [method: string, path: string, body?: unknown];

const reads: Request[] = [
  ['GET', IN],
  ['GET', `${IN}/flags`],
  ['GET', `${IN}/flags/shared`],
  ['GET', `${IN}/environments`],
];
const projectWide: Request[] = [
  ['POST', `${IN}/flags`, { id: 'new', name: 'new', value_type: 'boolean', variants: { on: true } }],
  ['PATCH', `${IN}/flags/shared`, { name: 'renamed' }],
  ['DELETE', `${IN}/flags/shared`],
  ['POST', `${IN}/flags/shared/restore`],
];
const administration: Request[] = [
  ['POST', `${IN}/environments`, { key: 'qa', name: 'QA' }],
  ['PATCH', `${IN}/environments/staging`, { name: 'Stage' }],
  ['DELETE', `${IN}/environments/staging`],
  ['PATCH', IN, { name: 'Mine' }],
  ['DELETE', IN],
  ['POST', `${IN}/environments/staging/sdk-keys`, { name: 'k', kind: 'server' }],
];
const wholeServer: Request[] = [
  ['POST', '/api/projects', { key: 'mine', name: 'Mine' }],
  ['GET', '/api/tokens'],
  ['POST', '/api/tokens', { name: 'more', role: 'admin' }],
];
const inEnvironment = (environment: string, base = IN): Request[] => [
  ['PATCH', `${base}/flags/shared/environments/${environment}`, edit],
  ['POST', `${base}/environments/${environment}/change-sets`, { changes: [{ flag: 'shared', ...edit }] }],
];
const readsOf = (environment: string, base = IN): Request[] => [
  ['GET', `${base}/flags/shared/environments/${environment}`],
  ['GET', `${base}/environments/${environment}`],
  ['GET', `${base}/environments/${environment}/changes`],
];

/** One line for each request that is not answered as `status` says. */
async function strays(client: AdminClient, requests: readonly Request[], status: number): Promise<string[]> {
  const found: string[] = [];
  for (const [method, path, body] of requests) {
    const answer = await client.request(method, path, body);
    if (answer.status !== status) found.push(`${method} ${path}: ${answer.status} ${JSON.stringify(answer.body)}`);
  }
  return found;
}

async function tokenOf(role: 'viewer' | 'editor' | 'admin', extra: object = {}): Promise<AdminClient> {
  return admin.as((await admin.createToken(role, extra)).token);
}

describe('roles', () => {
  it('lets a viewer read, and write nothing', async () => {
    const viewer = await tokenOf('viewer');
    expect(await strays(viewer, [...reads, ...readsOf('production'), ['GET', OUT]], 200)).toEqual([]);
    const writes = [...projectWide, ...inEnvironment('staging'), ...administration, ...wholeServer];
    expect(await strays(viewer, writes, 403)).toEqual([]);
  });

  it('lets an editor change flags, and neither keys, environments, projects nor tokens', async () => {
    const editor = await tokenOf('editor');
    expect(await strays(editor, [...administration, ...wholeServer], 403)).toEqual([]);
    expect(await strays(editor, [...inEnvironment('staging'), ...reads], 200)).toEqual([]);
    const { body } = await admin.changes('staging');
    expect(body.items.at(-1)).toMatchObject({ actor: 'editor of a test' });
  });

  it('lets a token of a project neither look at another project nor at the server', async () => {
    const mine = await tokenOf('admin', { project: 'default' });
    const others: Request[] = [
      ['GET', OUT],
      ['GET', `${OUT}/flags`],
      ...readsOf('staging', OUT),
      ...inEnvironment('staging', OUT),
    ];
    expect(await strays(mine, [...others, ...wholeServer], 403)).toEqual([]);
    // Whether there is such a project is none of its business either.
    expect(await strays(mine, [['GET', '/api/projects/no-such-project']], 403)).toEqual([]);
    const { body } = await mine.call<{ items: { key: string }[] }>('GET', '/api/projects');
    expect(body.items.map(({ key }) => key)).toEqual(['default']);
    expect(await strays(mine, [...reads, ...inEnvironment('staging')], 200)).toEqual([]);
  });

  it('keeps an editor of staging away from production, and from what concerns both', async () => {
    const editor = await tokenOf('editor', { project: 'default', environments: ['staging'] });
    const elsewhere = [
      ...inEnvironment('production'),
      ...readsOf('production'),
      ...projectWide,
      ...inEnvironment('staging', OUT),
    ];
    expect(await strays(editor, [...elsewhere, ...administration, ...wholeServer], 403)).toEqual([]);
    expect(await strays(editor, [...inEnvironment('staging'), ...readsOf('staging'), ...reads], 200)).toEqual([]);
    const { body } = await editor.call<{ items: { key: string }[] }>('GET', `${IN}/environments`);
    expect(body.items.map(({ key }) => key)).toEqual(['staging']);
  });

  it('shows such an editor nothing of production in what it may read of the project', async () => {
    await admin.patchEnv('shared', 'production', { targeting: { if: [{ '==': [{ var: 'secret-plan' }, 1] }, 'on', 'off'] } });
    flagRevision += 1;
    const editor = await tokenOf('editor', { project: 'default', environments: ['staging'] });
    for (const path of [`${IN}/flags`, `${IN}/flags/shared`, `${IN}/environments`]) {
      expect(JSON.stringify(await editor.call('GET', path))).not.toMatch(/secret-plan|production/);
    }
  });

  it('refuses a new flag that names an environment which the token does not reach', async () => {
    const editor = await tokenOf('editor', { project: 'default', environments: ['staging'] });
    const flag = { id: 'sneaked', name: 'x', value_type: 'boolean', variants: { on: true }, environments: { production: edit } };
    expect(await strays(editor, [['POST', `${IN}/flags`, flag]], 403)).toEqual([]);
    expect((await admin.request('GET', `${IN}/flags/sneaked`)).status).toBe(404);
  });

  it('has written nothing to production that any of them was refused', async () => {
    expect((await admin.getEnvironment('production')).body.revision).toBe(flagRevision);
    expect((await admin.getEnv('shared', 'production')).body).toMatchObject({ name: 'shared', status: 'disabled' });
  });
});

describe('admin tokens', () => {
  it('end when they are revoked, and when they expire', async () => {
    const revoked = await admin.createToken('viewer');
    const expires_at = new Date(Date.now() + 1500).toISOString();
    const expiring = await admin.createToken('viewer', { expires_at });
    const code = async ({ token }: { token: string }) => {
      const answer = await admin.as(token).request('GET', IN);
      return answer.status === 401 ? (answer.body as { code: string }).code : answer.status;
    };
    expect([await code(revoked), await code(expiring)]).toEqual([200, 200]);
    await admin.call('DELETE', `/api/tokens/${revoked.id}`);
    expect(await code(revoked)).toBe('revoked_token');
    await eventually(async () => expect(await code(expiring)).toBe('expired_token'), { timeoutMs: 10_000 });
  });

  it('are told apart from typos', async () => {
    const { token } = await admin.createToken('viewer');
    const answer = await admin.as(`${token.slice(0, -1)}${token.endsWith('x') ? 'y' : 'x'}`).request('GET', IN);
    expect([answer.status, answer.body]).toMatchObject([401, { code: 'malformed_token' }]);
    expect(answer.headers['www-authenticate']).toMatch(/^Bearer/);
  });

  it('are shown once', async () => {
    const { id, token } = await admin.createToken('viewer', { project: 'default' });
    const { body } = await admin.call<{ items: { id: string }[] }>('GET', '/api/tokens?limit=100');
    expect(body.items.find((item) => item.id === id)).toMatchObject({ role: 'viewer', project: 'default' });
    expect(JSON.stringify(body)).not.toContain(token.slice(20));
  });
});
