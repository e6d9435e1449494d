import { beforeAll, expect, it } from '@jest/globals';
import { type AdminClient } from '../support/admin-client.js';
import { type TestServer } from '../support/server.js';
import { describeEachDatabase, useServers } from '../support/use-servers.js';

describeEachDatabase('an export', (database) => {
  const start = useServers();
  let server: TestServer;
  let admin: AdminClient;
  beforeAll(async () => {
    server = await start({ database, env: { FLAGWIRE_MAX_FLAGS: '3' } });
    ({ admin } = server);
    await admin.createProject('shop', 'The shop');
    await admin.createEnvironment('live', { project: 'shop' });
    const live = { status: 'enabled', targeting: { if: [true, 'on', 'off'] }, default_variant: null };
    await admin.createFlag('b', { tags: ['x'], owner: 'me', critical: true, environments: { live } }, { project: 'shop' });
    await admin.createFlag('a', { description: 'first' }, { project: 'shop' });
    await admin.archive('a', { project: 'shop' });
  });

  it('is the whole project, archived flags too, the same document each time, and nothing secret', async () => {
    const { key } = await admin.createKey('live', 'server', {}, { project: 'shop' });
    const { status, headers, body } = await admin.export({ project: 'shop' });
    expect([status, headers['cache-control']]).toEqual([200, 'no-store']);
    const flag = { value_type: 'boolean', variants: { on: true, off: false }, default_variant: 'off' };
    expect(body).toEqual({
      format: 'flagwire',
      version: 1,
      project: { key: 'shop', name: 'The shop' },
      environments: [{ key: 'live', name: 'live' }],
      flags: [
        {
          ...{ ...flag, id: 'a', name: 'a', description: 'first', tags: [], owner: null, critical: false, archived: true },
          environments: { live: { status: 'disabled', targeting: {} } },
        },
        {
          ...{ ...flag, id: 'b', name: 'b', description: '', tags: ['x'], owner: 'me', critical: true, archived: false },
          environments: { live: { status: 'enabled', default_variant: null, targeting: { if: [true, 'on', 'off'] } } },
        },
      ],
    });
    const again = await admin.export({ project: 'shop' });
    expect(JSON.stringify(again.body)).toBe(JSON.stringify(body));
    expect(JSON.stringify(body)).not.toContain(key);
  });

  it('is for every token that reads the whole project, and stands in the audit trail', async () => {
    const viewer = admin.as((await admin.createToken('viewer', { project: 'shop' })).token);
    expect(await viewer.request('GET', '/api/projects/shop/export')).toMatchObject({ status: 200 });
    const { items } = (await admin.call<{ items: object[] }>('GET', '/api/audit?project=shop&limit=100')).body;
    expect(items.at(-1)).toMatchObject({ action: 'project.exported', target: 'shop', details: { environments: 1, flags: 2 } });
    const some = { project: 'shop', environments: ['live'] };
    const limited = admin.as((await admin.createToken('admin', some)).token);
    const refused = await limited.request('GET', '/api/projects/shop/export');
    expect(refused).toMatchObject({ status: 403, body: { code: 'wrong_environment' } });
    expect(await viewer.request('GET', '/api/projects/default/export')).toMatchObject({ status: 403 });
    expect(await admin.request('GET', '/api/projects/nowhere/export')).toMatchObject({ status: 404 });
  });

  it('is of a project with as many flags as the settings allow, archived ones too', async () => {
    await admin.createFlag('c', {}, { project: 'shop' });
    const body = { id: 'd', name: 'd', value_type: 'boolean', variants: { on: true } };
    const refused = await admin.request('POST', '/api/projects/shop/flags', body);
    expect(refused).toMatchObject({ status: 409, body: { code: 'too_many_flags' } });
    expect(await admin.request('GET', '/api/projects/shop/flags/d')).toMatchObject({ status: 404 });
    // Another project has room of its own.
    expect(await admin.request('POST', '/api/projects/default/flags', body)).toMatchObject({ status: 201 });
  });
});
