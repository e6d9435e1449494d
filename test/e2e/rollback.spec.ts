import { beforeAll, expect, it } from '@jest/globals';
import { type AdminClient, type ChangeSetResult } from '../support/admin-client.js';
import { type TestServer } from '../support/server.js';
import { describeEachDatabase, useServers } from '../support/use-servers.js';
import { type FlagDefinition } from '../support/wire-types.js';
import { ownProject } from './support/own-project.js';

describeEachDatabase('a rollback', (database) => {
  const start = useServers();
  let server: TestServer;
  let admin: AdminClient;
  beforeAll(async () => {
    server = await start({ database });
    ({ admin } = server);
  });

  /** A project of its own with the environment `live` and flags of these ids. */
  async function make(...ids: string[]) {
    const options = await ownProject(admin, ['live']);
    for (const id of ids) await admin.createFlag(id, {}, options);
    return {
      options,
      path: `/api/projects/${options.project}/environments/live/rollback`,
      set: (flag: string, edit: object) => admin.patchEnv(flag, 'live', edit, options),
      get: async (flag: string) => (await admin.getEnv(flag, 'live', options)).body,
      head: async () => (await admin.getEnvironment('live', options)).body as unknown as { cursor: string; revision: number },
      to: async (revision: number) => (await admin.rollback('live', revision, options)).body,
    };
  }

  const settings = ({ status, default_variant, targeting }: FlagDefinition) => ({ status, default_variant, targeting });

  it('is one new revision that puts status, default and targeting back', async () => {
    const { set, get, head, to, options } = await make('a', 'b', 'c');
    await set('a', { status: 'enabled', targeting: { if: [true, 'on', 'off'] } });
    const { revision } = await head();
    const then = [await get('a'), await get('b')].map(settings);
    await set('a', { status: 'deprecated', default_variant: null, targeting: {} });
    await set('b', { status: 'enabled' });
    await set('b', { targeting: { if: [true, null] } });
    const { status, body, cursors } = await admin.rollback('live', revision, options);
    expect(status).toBe(200);
    expect(body).toMatchObject({ revision: revision + 4, changes: [{ flag: 'a' }, { flag: 'b' }] });
    expect(cursors).toEqual({ live: body.cursor });
    expect([await get('a'), await get('b')].map(settings)).toEqual(then);
    expect(await head()).toMatchObject({ cursor: body.cursor, revision: revision + 4 });
    const { items } = (await admin.changes('live', revision + 3, options)).body;
    expect(items).toMatchObject([{ comment: `Rollback to revision ${revision}`, actor: 'FLAGWIRE_ADMIN_TOKEN' }]);
    // And back again: a rollback can be rolled back.
    await to(revision + 3);
    expect(settings(await get('a'))).toEqual({ status: 'deprecated', default_variant: null, targeting: {} });
  });

  it('to the head, or to what is no different, changes nothing', async () => {
    const { set, head, to } = await make('a');
    const before = await head();
    expect(await to(before.revision)).toEqual({ ...{ cursor: before.cursor, revision: before.revision }, changes: [] });
    await set('a', { status: 'enabled' });
    await set('a', { status: 'disabled' });
    const after = await head();
    expect(await to(before.revision)).toEqual({ cursor: after.cursor, revision: after.revision, changes: [] });
  });

  it('leaves flags alone that were not there then, or are not there now', async () => {
    const { set, get, head, to, options } = await make('kept', 'archived', 'restored', 'away');
    await admin.archive('away', options);
    const { revision } = await head();
    await set('restored', { status: 'enabled' });
    await admin.archive('restored', options);
    await admin.restore('restored', options);
    await admin.restore('away', options);
    await set('away', { status: 'enabled' });
    await set('archived', { status: 'enabled' });
    await admin.archive('archived', options);
    await admin.createFlag('made', { environments: { live: { status: 'enabled' } } }, options);
    const { changes } = await to(revision);
    expect(changes).toMatchObject([{ flag: 'restored', type: 'FlagStatusChanged' }]);
    expect([(await get('away')).status, (await get('made')).status, (await get('kept')).status]).toEqual([
      'enabled',
      'enabled',
      'disabled',
    ]);
    // An archived one comes back as it was when it was archived.
    await admin.restore('archived', options);
    expect((await get('archived')).status).toBe('enabled');
  });

  it('to revision 0 puts back what the environment began with', async () => {
    const { options } = await make('a', 'b');
    await admin.createEnvironment('later', options);
    await admin.patchEnv('a', 'later', { status: 'enabled', targeting: { if: [true, 'on'] } }, options);
    const { body } = await admin.rollback('later', 0, options);
    expect(body).toMatchObject({ revision: 2, changes: [{ flag: 'a' }] });
    expect(settings((await admin.getEnv('a', 'later', options)).body)).toEqual({
      status: 'disabled',
      default_variant: 'off',
      targeting: {},
    });
  });

  it('keeps an inherited default inherited, unless another one was served then', async () => {
    const { set, get, head, to, options } = await make('a');
    await set('a', { status: 'enabled' });
    const { revision } = await head();
    await set('a', { status: 'disabled' });
    await to(revision);
    await admin.patchFlag('a', { default_variant: 'on' }, options);
    expect(settings(await get('a'))).toMatchObject({ status: 'enabled', default_variant: 'on' });
    await to(revision);
    expect(settings(await get('a'))).toMatchObject({ status: 'enabled', default_variant: 'off' });
    await admin.patchFlag('a', { default_variant: null }, options);
    expect(settings(await get('a'))).toMatchObject({ default_variant: 'off' });
  });

  it('that does not fit the variants of today lists every place and writes nothing', async () => {
    const { set, get, head, path, options } = await make('good');
    const variants = { red: 'r', blue: 'b', green: 'g' };
    for (const id of ['x', 'y.z']) {
      const flag = { value_type: 'string', variants, default_variant: 'blue' };
      const live = { status: 'enabled', default_variant: 'red', targeting: { if: [true, 'green', 'red'] } };
      await admin.createFlag(id, { ...flag, environments: { live } }, options);
    }
    const { revision } = await head();
    await set('good', { status: 'enabled' });
    for (const id of ['x', 'y.z']) {
      await set(id, { default_variant: 'blue', targeting: {} });
      await admin.patchFlag(id, { variants: { blue: 'b' } }, options);
    }
    const before = await head();
    const answer = await admin.request('POST', path, { to_revision: revision });
    expect(answer).toMatchObject({ status: 409, body: { code: 'rollback_does_not_fit' } });
    const paths = (answer.body as { errors: { path: string }[] }).errors.map((mistake) => mistake.path);
    for (const id of ['x', 'y.z']) {
      const own = paths.filter((place) => place.startsWith(`flags["${id}"]`));
      expect(own).toContain(`flags["${id}"].default_variant`);
      expect(own.filter((place) => place.includes('.targeting'))).toHaveLength(2);
    }
    expect([await head(), (await get('good')).status]).toEqual([before, 'enabled']);
  });

  it('is refused for a revision that is none, another cursor, and whoever may not edit the environment', async () => {
    const { set, head, path, options } = await make('a');
    const old = await head();
    await set('a', { status: 'enabled' });
    const { revision } = await head();
    for (const to of [revision + 1, 2 ** 53 - 1, -1, 1.5, '1', null, undefined]) {
      const answer = await admin.request('POST', path, { to_revision: to });
      expect([to, answer.status, (answer.body as { errors: unknown }).errors]).toMatchObject([
        to,
        400,
        [{ path: 'to_revision' }],
      ]);
    }
    const other = await admin.request('POST', path, { to_revision: old.revision }, { 'If-Match': `"${old.cursor}"` });
    expect(other).toMatchObject({ status: 412, body: { code: 'version_conflict', current: (await head()).cursor } });
    const viewer = admin.as((await admin.createToken('viewer')).token);
    expect(await viewer.request('POST', path, { to_revision: 0 })).toMatchObject({ status: 403 });
    await admin.createEnvironment('other', options);
    const elsewhere = admin.as((await admin.createToken('editor', { ...options, environments: ['other'] })).token);
    expect(await elsewhere.request('POST', path, { to_revision: 0 })).toMatchObject({
      status: 403,
      body: { code: 'wrong_environment' },
    });
    expect(await head()).toMatchObject({ revision });
    const fits = await admin.request('POST', path, { to_revision: old.revision }, { 'If-Match': `"${(await head()).cursor}"` });
    expect([fits.status, (fits.body as ChangeSetResult).revision]).toEqual([200, revision + 1]);
  });

  it('reads a long log in pages', async () => {
    const { set, get, head, to } = await make('a', 'b');
    await set('b', { status: 'enabled' });
    const { revision } = await head();
    for (let round = 0; round < 45; round++)
      await set(round % 2 === 0 ? 'a' : 'b', { default_variant: round % 4 < 2 ? 'on' : null });
    await to(revision);
    expect([settings(await get('a')), settings(await get('b'))]).toEqual([
      { status: 'disabled', default_variant: 'off', targeting: {} },
      { status: 'enabled', default_variant: 'off', targeting: {} },
    ]);
  });
});
