import { beforeAll, describe, expect, it } from '@jest/globals';
import { type AuditRecord } from '@flagwire/protocol/admin';
import { type AdminClient } from '../support/admin-client.js';
import { auditTrail } from '../support/audit-pages.js';
import { type TestServer } from '../support/server.js';
import { describeEachDatabase, useServers } from '../support/use-servers.js';
import { eventually } from '../support/wait.js';

const ROOT = { actor: 'FLAGWIRE_ADMIN_TOKEN', actor_id: 'environment' };
const TIME = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);

describeEachDatabase('the audit trail of what is not a flag change', (database) => {
  const start = useServers();
  let server: TestServer;
  let admin: AdminClient;
  beforeAll(async () => {
    server = await start({ database });
    ({ admin } = server);
  });

  const last = async () => (await auditTrail(admin)).at(-1)?.id ?? 0;

  /** What the trail has of it. */
  async function rowsOf(work: () => Promise<unknown>): Promise<AuditRecord[]> {
    const before = await last();
    await work();
    return auditTrail(admin, before);
  }

  it('begins with what the first start made', async () => {
    const rows = (await auditTrail(admin)).slice(0, 4);
    const by = { actor: 'first start', actor_id: 'first-start', address: null, request_id: null };
    expect(rows).toMatchObject([
      { id: 1, action: 'project.created', target: 'default', project: 'default', environment: null, ...by },
      { id: 2, action: 'environment.created', target: 'development', project: 'default', environment: 'development', ...by },
      { id: 3, action: 'environment.created', target: 'staging', ...by },
      { id: 4, action: 'environment.created', target: 'production', ...by },
    ]);
  });

  it('says who, when, from where, and in which request', async () => {
    const headers = { 'X-Request-Id': 'deploy-41' };
    const rows = await rowsOf(() => admin.call('POST', '/api/projects', { key: 'traced', name: 'Traced' }, { headers }));
    expect(rows).toEqual([
      {
        ...{ id: expect.any(Number), time: TIME, action: 'project.created', target: 'traced', project: 'traced' },
        ...{ environment: null, ...ROOT, address: '127.0.0.1', request_id: 'deploy-41', details: { name: 'Traced' } },
      },
    ]);
  });

  it('tells tokens of one name apart', async () => {
    const [one, other] = [await admin.createToken('admin'), await admin.createToken('admin')];
    const rows = await rowsOf(async () => {
      await admin.as(one.token).createProject('by-one');
      await admin.as(other.token).createProject('by-other');
    });
    expect(rows).toMatchObject([
      { target: 'by-one', actor: 'admin of a test', actor_id: one.id },
      { target: 'by-other', actor: 'admin of a test', actor_id: other.id },
    ]);
  });

  it('has a row for each thing that is made, renamed, rotated, revoked and deleted, and none for flags', async () => {
    const project = 'whole-life';
    const base = `/api/projects/${project}`;
    let keyId = '';
    let tokenId = '';
    let rotatedId = '';
    const rows = await rowsOf(async () => {
      await admin.createProject(project);
      await admin.call('PATCH', base, { name: 'Renamed' });
      await admin.createEnvironment('live', { project });
      await admin.call('PATCH', `${base}/environments/live`, { name: 'Live' });
      await admin.createFlag('a', {}, { project });
      await admin.patchEnv('a', 'live', { status: 'enabled' }, { project });
      keyId = (await admin.createKey('live', 'client', {}, { project })).id;
      rotatedId = (await admin.rotateKey('live', keyId, 60, { project })).id;
      await admin.call('DELETE', `${base}/environments/live/sdk-keys/${rotatedId}`);
      tokenId = (await admin.createToken('editor', { project })).id;
      await admin.call('DELETE', `/api/tokens/${tokenId}`);
      await admin.call('DELETE', `${base}/environments/live`);
      await admin.call('DELETE', base);
    });
    const live = { project, environment: 'live', ...ROOT };
    const whole = { project, environment: null, ...ROOT };
    expect(rows).toMatchObject([
      { ...whole, action: 'project.created', target: project },
      { ...whole, action: 'project.renamed', target: project, details: { after: 'Renamed' } },
      { ...live, action: 'environment.created', target: 'live' },
      { ...live, action: 'environment.renamed', target: 'live', details: { after: 'Live' } },
      { ...live, action: 'sdk_key.created', target: keyId, details: { kind: 'client' } },
      { ...live, action: 'sdk_key.rotated', target: keyId, details: { kind: 'client', replaced_by: rotatedId } },
      { ...live, action: 'sdk_key.revoked', target: rotatedId },
      { ...whole, action: 'token.created', target: tokenId, details: { name: 'editor of a test', role: 'editor' } },
      { ...whole, action: 'token.revoked', target: tokenId },
      { ...live, action: 'environment.deleted', target: 'live' },
      { ...whole, action: 'project.deleted', target: project },
    ]);
    expect(await auditTrail(admin, 0, `&project=${project}`)).toEqual(rows);
  });

  it('has no row for what was refused, and none for what changed nothing', async () => {
    const { id } = await admin.createToken('viewer');
    await admin.call('DELETE', `/api/tokens/${id}`);
    const rows = await rowsOf(async () => {
      await admin.request('POST', '/api/projects', { key: 'default', name: 'Again' });
      await admin.request('POST', '/api/projects', { key: 'No key', name: 'x' });
      await admin.request('POST', '/api/projects/default/environments', { key: 'production', name: 'Again' });
      await admin.request('DELETE', '/api/projects/default/environments/nowhere');
      await admin.request('PATCH', '/api/projects/default', { name: 'Default' });
      await admin.request('PATCH', '/api/projects/default/environments/staging', { name: 'Staging' });
      await admin.request('DELETE', `/api/tokens/${id}`);
      await admin.as('fw_adm_no-such-token').request('POST', '/api/projects', { key: 'stranger', name: 'x' });
    });
    expect(rows).toEqual([]);
  });

  it('numbers its rows without gaps, also with many writers, and pages through all of them', async () => {
    const before = await last();
    const keys = Array.from({ length: 24 }, (_, index) => `crowd-${index}`);
    await Promise.all(keys.map((key) => admin.createProject(key)));
    const rows = await auditTrail(admin, before, '', 5);
    expect(rows.map(({ id }) => id)).toEqual(keys.map((_, index) => before + 1 + index));
    expect(rows.map(({ target }) => target).sort()).toEqual([...keys].sort());
  });

  it('has no secret', async () => {
    const secrets = [
      (await admin.createKey('staging')).key,
      (await admin.createKey('staging', 'client')).key,
      (await admin.createToken('viewer')).token,
      server.adminToken,
    ];
    const text = JSON.stringify(await auditTrail(admin));
    for (const secret of secrets) expect(text).not.toContain(secret.slice(-16));
  });

  describe('is shown', () => {
    const project = 'guarded';
    beforeAll(async () => {
      await admin.createProject(project);
      await admin.createEnvironment('live', { project });
    });
    const get = async (token: string, query = '') => {
      const { status, body } = await admin.as(token).request('GET', `/api/audit?limit=100${query}`);
      return { status, body: body as { code?: string; items: AuditRecord[] } };
    };

    it.each(['viewer', 'editor'] as const)('not to a %s', async (role) => {
      const { token } = await admin.createToken(role);
      expect(await get(token)).toMatchObject({ status: 403, body: { code: 'insufficient_role' } });
    });

    it('to an admin of a project as far as it is of that project', async () => {
      const { token, id } = await admin.createToken('admin', { project });
      const { body } = await get(token);
      expect(body.items.map(({ action, target }) => [action, target])).toEqual([
        ['project.created', project],
        ['environment.created', 'live'],
        ['token.created', id],
      ]);
      expect((await get(token, `&project=${project}`)).body).toEqual(body);
      expect(await get(token, '&project=default')).toMatchObject({ status: 403, body: { code: 'wrong_project' } });
    });

    it('not to an admin of some environments of a project', async () => {
      const { token } = await admin.createToken('admin', { project, environments: ['live'] });
      expect(await get(token)).toMatchObject({ status: 403, body: { code: 'wrong_environment' } });
    });

    it('of a deleted project to admins of the server, and to nobody who has a later project of that key', async () => {
      await admin.createProject('phoenix');
      await admin.call('DELETE', '/api/projects/phoenix');
      await admin.createProject('phoenix');
      const { token } = await admin.createToken('admin', { project: 'phoenix' });
      const actions = (rows: AuditRecord[]) => rows.map(({ action }) => action);
      expect(actions((await get(token)).body.items)).toEqual(['project.created', 'token.created']);
      expect(actions(await auditTrail(admin, 0, '&project=phoenix'))).toEqual([
        'project.created',
        'project.deleted',
        'project.created',
        'token.created',
      ]);
    });

    it.each(['after=-1', 'after=x', 'limit=0', 'limit=101', 'project=No%20key', 'since=1'])(
      'with no bad query: %s',
      async (query) => {
        expect(await get(server.adminToken, `&${query}`)).toMatchObject({ status: 400, body: { code: 'invalid_input' } });
      },
    );
  });
});

const startNew = useServers();
it('tells of the token and the keys that the first start made', async () => {
  const server = await startNew({ env: { FLAGWIRE_ADMIN_TOKEN: undefined, NODE_ENV: undefined } });
  await eventually(() => server.stdout().includes('/docs'), { what: 'the end of what the first start prints' });
  const token = /fw_adm_\w+/.exec(server.stdout())?.[0] ?? '';
  const rows = await auditTrail(server.admin.as(token));
  expect(
    rows
      .map(({ action }) => action)
      .slice(4)
      .sort(),
  ).toEqual(['sdk_key.created', 'sdk_key.created', 'token.created']);
  expect(rows.every(({ actor }) => actor === 'first start')).toBe(true);
});

it('has the address that a trusted proxy names, without the port that some name with it', async () => {
  const proxied = await startNew({ env: { FLAGWIRE_TRUST_PROXY: '1' } });
  const last = ['203.0.113.7', '203.0.113.7:4711', '2001:db8::7', '[2001:db8::7]:4711', '[2001:db8::7]'];
  for (const [index, address] of last.entries()) {
    const headers = { 'X-Forwarded-For': `198.51.100.9, ${address}` };
    await proxied.admin.call('POST', '/api/projects', { key: `far-${index}`, name: 'Far' }, { headers });
  }
  const addresses = (await auditTrail(proxied.admin)).slice(-last.length).map(({ address }) => address);
  expect(addresses).toEqual(['203.0.113.7', '203.0.113.7', '2001:db8::7', '2001:db8::7', '2001:db8::7']);
});
