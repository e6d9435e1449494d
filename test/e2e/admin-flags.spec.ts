import { beforeAll, expect, it } from '@jest/globals';
import { type AdminAnswer, type AdminClient } from '../support/admin-client.js';
import { parseCursor, revisionOf } from '../support/cursor.js';
import { EtagPoller } from '../support/poll-client.js';
import { type TestServer } from '../support/server.js';
import { describeEachDatabase, useServers } from '../support/use-servers.js';

interface Flag {
  id: string;
  version: number;
  variants: Record<string, unknown>;
  default_variant: string | null;
  updated_at: string;
  environments: Record<string, { status: string; default_variant?: string | null; targeting: object; version: number }>;
  [field: string]: unknown;
}

const FLAGS = '/api/projects/default/flags';
const ALL = ['development', 'production', 'staging'];
const TIME = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
const pathsOf = ({ body }: AdminAnswer) => (body as { errors: { path: string }[] }).errors.map(({ path }) => path).sort();

describeEachDatabase('a flag', (database) => {
  const start = useServers();
  let server: TestServer;
  let admin: AdminClient;
  let poller: EtagPoller;
  beforeAll(async () => {
    server = await start({ database });
    ({ admin } = server);
    poller = new EtagPoller({ url: server.url, key: (await admin.createKey('production')).key });
  });

  const flag = async (id: string) => (await admin.getFlag(id)).body as Flag;
  const edit = (id: string, body: object) => admin.request('PATCH', `${FLAGS}/${id}`, body);
  /** As clients of production see it now: the answering node has the write before it answers. */
  const served = async (id: string) => {
    await poller.poll();
    return poller.state.get(id);
  };
  const revisions = async () => (await Promise.all(ALL.map((key) => admin.getEnvironment(key)))).map(({ body }) => body.revision);

  it('is made of the least that it needs', async () => {
    const body = { id: 'least', name: 'Least', value_type: 'string', variants: { a: 'x' } };
    const made = await admin.request('POST', FLAGS, body);
    const unset = { status: 'disabled', targeting: {}, version: 1 };
    expect([made.status, made.headers.location, made.headers.etag]).toEqual([201, `${FLAGS}/least`, '"1"']);
    expect(made.body).toEqual({
      ...body,
      ...{ description: '', default_variant: null, tags: [], owner: null, critical: false, version: 1 },
      ...{ created_at: TIME, updated_at: TIME, archived_at: null },
      environments: { development: unset, production: unset, staging: unset },
    });
    const read = await admin.request('GET', `${FLAGS}/least`);
    expect([read.status, read.headers.etag, read.body]).toEqual([200, '"1"', made.body]);
  });

  it('is made of all that it may have, and served as it was made', async () => {
    const before = await revisions();
    const targeting = { if: [{ in: [{ var: 'plan' }, ['pro', 'team']] }, 'blue', 'red'] };
    const variants = { red: { color: 'red', sizes: [1, 2.5, -3e10] }, blue: { color: null, deep: { er: true } } };
    const fields = { name: 'Ünï 👍', description: 'two\nlines', value_type: 'object', variants, default_variant: 'red' };
    const metadata = { tags: ['b', 'a'], owner: 'team ü', critical: true };
    const environments = {
      production: { status: 'enabled', default_variant: 'blue', targeting },
      staging: { status: 'deprecated', default_variant: null },
    };
    const id = '9.A_z-0';
    const made = await admin.request('POST', FLAGS, { id, ...fields, ...metadata, environments });
    expect([made.status, made.headers.location]).toEqual([201, `${FLAGS}/${id}`]);
    expect((made.body as Flag).environments).toEqual({
      development: { status: 'disabled', targeting: {}, version: 1 },
      production: { status: 'enabled', default_variant: 'blue', targeting, version: 1 },
      staging: { status: 'deprecated', default_variant: null, targeting: {}, version: 1 },
    });
    const times = { version: 1, created_at: TIME, updated_at: TIME };
    expect(await served(id)).toEqual({
      ...{ id, ...fields, default_variant: 'blue', status: 'enabled', targeting },
      metadata: { ...times, ...metadata },
    });
    // Its variants come in the order that they were written in.
    expect(Object.keys((await served(id))?.variants ?? {})).toEqual(['red', 'blue']);
    // One revision in each environment, all named.
    expect(await revisions()).toEqual(before.map((revision) => revision + 1));
    expect(ALL.map((key) => revisionOf(made.cursors[key] ?? ''))).toEqual(await revisions());
  });

  it('inherits its default, unless an environment has one of its own; null is one, the default in the code', async () => {
    const environments = { staging: { default_variant: null }, production: { default_variant: 'on' } };
    await admin.createFlag('defaults', { environments });
    const defaults = async () => {
      const seen = await Promise.all(ALL.map((key) => admin.getEnv('defaults', key)));
      return seen.map(({ body }) => body.default_variant);
    };
    expect(await defaults()).toEqual(['off', 'on', null]);
    await admin.patchFlag('defaults', { default_variant: 'on' });
    expect(await defaults()).toEqual(['on', 'on', null]);
    await admin.patchFlag('defaults', { default_variant: null });
    expect(await defaults()).toEqual([null, 'on', null]);
    expect(await flag('defaults')).toMatchObject({ environments: { staging: { default_variant: null } } });
    expect((await flag('defaults')).environments['development']).not.toHaveProperty('default_variant');
  });

  it('is edited field by field: each is replaced whole, null clears, what is absent stays', async () => {
    const full = { description: 'd', tags: ['x', 'y'], owner: 'o', critical: true };
    const made = (await admin.createFlag('edited', full)).body as unknown as Flag;
    const tagged = await edit('edited', { tags: ['z'] });
    expect([tagged.status, tagged.headers.etag, tagged.body]).toEqual([
      200,
      '"2"',
      { ...made, tags: ['z'], version: 2, updated_at: TIME, environments: expect.anything() as unknown },
    ]);
    expect(Date.parse((tagged.body as Flag).updated_at)).toBeGreaterThanOrEqual(Date.parse(made.updated_at));
    await edit('edited', { variants: { off: false, on: true, maybe: true } });
    expect(Object.keys((await served('edited'))?.variants ?? {})).toEqual(['off', 'on', 'maybe']);
    const cleared = await edit('edited', { description: null, tags: null, owner: null, critical: null, default_variant: null });
    const empty = { description: '', tags: [], owner: null, critical: false, default_variant: null };
    expect(cleared.body).toMatchObject({ ...empty, name: 'edited', variants: { off: false, on: true, maybe: true } });
    expect(await served('edited')).toMatchObject({
      description: '',
      default_variant: null,
      metadata: { tags: [], owner: null, critical: false, version: 4 },
    });
    for (const field of ['name', 'variants']) {
      const refused = await edit('edited', { [field]: null });
      expect([refused.status, pathsOf(refused)]).toEqual([400, [field]]);
    }
  });

  it('that an edit leaves as it is gets no new version and no revision, but the present cursors', async () => {
    const body = { variants: { b: 'B', a: 'A' }, value_type: 'string', default_variant: 'a', tags: ['t'] };
    const { cursors } = await admin.createFlag('still', body);
    const settings = { status: 'enabled', targeting: { if: [true, 'a'] } } as const;
    const { cursors: set } = await admin.patchEnv('still', 'production', settings);
    const same = {
      name: 'still',
      variants: { b: 'B', a: 'A' },
      default_variant: 'a',
      tags: ['t'],
      description: null,
      owner: null,
    };
    for (const fields of [same, {}]) {
      const answer = await edit('still', fields);
      expect([answer.status, answer.headers.etag]).toEqual([200, '"1"']);
      expect(answer.cursors).toEqual({ ...cursors, ...set });
    }
    expect((await admin.restore('still')).cursors).toEqual({ ...cursors, ...set });
    expect((await flag('still')).environments['production']?.version).toBe(2);
  });

  it('never changes its type or its id', async () => {
    await admin.createFlag('fixed');
    const answer = await edit('fixed', { value_type: 'string', id: 'other', version: 9, name: 'New name' });
    expect([answer.status, pathsOf(answer)]).toEqual([400, ['id', 'value_type', 'version']]);
    const same = await edit('fixed', { value_type: 'boolean' });
    expect([same.status, pathsOf(same)]).toEqual([400, ['value_type']]);
    expect(await flag('fixed')).toMatchObject({ name: 'fixed', version: 1, value_type: 'boolean' });
  });

  it('keeps the variants that are in use, and says where each is', async () => {
    const targeting = { if: [{ '==': [{ var: 'who' }, 'me'] }, 'c', null] };
    const variants = { a: 1, b: 2, c: 3, d: 4 };
    const environments = { production: { default_variant: 'b' }, staging: { targeting } };
    await admin.createFlag('used', { value_type: 'number', variants, default_variant: 'a', environments });
    const answer = await edit('used', { variants: { d: 4 } });
    expect(answer).toMatchObject({ status: 409, body: { code: 'variant_in_use' } });
    const paths = ['default_variant', 'environments.production.default_variant', 'environments.staging.targeting.if[1]'];
    expect(pathsOf(answer)).toEqual(paths);
    for (const path of paths) expect((answer.body as { detail: string }).detail).toContain(path);
    expect(await flag('used')).toMatchObject({ variants, version: 1 });
    // Another value for a name that stays is no loss, nor is a default that the same edit moves.
    const moved = await edit('used', { variants: { b: 20, c: 30 }, default_variant: 'c' });
    expect([moved.status, (moved.body as Flag).variants]).toEqual([200, { b: 20, c: 30 }]);
    await admin.patchEnv('used', 'production', { default_variant: null });
    await admin.patchEnv('used', 'staging', { targeting: {} });
    expect((await edit('used', { variants: { c: 3 } })).status).toBe(200);
  });

  it('goes from every environment when it is archived, and comes back as it was, with versions that go on', async () => {
    const settings = { status: 'enabled', default_variant: 'on', targeting: { if: [true, 'off'] } };
    await admin.createFlag('archived', { environments: { production: settings } });
    const before = await revisions();
    const gone = await admin.request('DELETE', `${FLAGS}/archived`);
    expect([gone.status, gone.body, gone.headers.location]).toEqual([204, undefined, undefined]);
    expect(ALL.map((key) => revisionOf(gone.cursors[key] ?? ''))).toEqual(before.map((revision) => revision + 1));
    expect(await served('archived')).toBeUndefined();
    expect(await flag('archived')).toMatchObject({ version: 2, archived_at: TIME });
    expect(await admin.request('GET', `${FLAGS}/archived/environments/production`)).toMatchObject({ status: 404 });

    // Twice is once.
    const again = await admin.request('DELETE', `${FLAGS}/archived`);
    expect([again.status, again.cursors]).toEqual([204, gone.cursors]);

    const refused = [
      await edit('archived', { name: 'x' }),
      await admin.request('PATCH', `${FLAGS}/archived/environments/production`, { status: 'disabled' }),
      await admin.request('POST', FLAGS, { id: 'archived', name: 'x', value_type: 'boolean', variants: { on: true } }),
    ];
    for (const answer of refused) {
      expect(answer).toMatchObject({ status: 409, body: { code: 'flag_archived' } });
      expect((answer.body as { detail: string }).detail).toContain('restore');
    }

    const restored = await admin.request('POST', `${FLAGS}/archived/restore`);
    expect([restored.status, restored.headers.etag]).toEqual([200, '"3"']);
    expect(restored.body).toMatchObject({ archived_at: null, environments: { production: { ...settings, version: 3 } } });
    expect(await served('archived')).toMatchObject({ ...settings, metadata: { version: 3 } });
    expect(parseCursor(restored.cursors['staging'] ?? '')?.revision).toBe((before[2] ?? NaN) + 2);
  });

  it('keeps its id for ever', async () => {
    await admin.createFlag('taken');
    const answer = await admin.request('POST', FLAGS, { id: 'taken', name: 'x', value_type: 'boolean', variants: { on: true } });
    expect(answer).toMatchObject({ status: 409, body: { code: 'flag_exists' } });
    expect((await admin.createFlag('Taken')).status).toBe(201);
    expect((await flag('Taken')).name).toBe('Taken');
  });

  it.each(['nowhere', '__proto__', '%00', 'a%2Fb', 'x'.repeat(129)])('"%s" is no flag', async (id) => {
    const unknown = { status: 404, body: { code: 'flag_not_found' } };
    expect(await admin.request('GET', `${FLAGS}/${id}`)).toMatchObject(unknown);
    expect(await edit(id, { name: 'x' })).toMatchObject(unknown);
    expect(await admin.request('DELETE', `${FLAGS}/${id}`)).toMatchObject(unknown);
    expect(await admin.request('POST', `${FLAGS}/${id}/restore`)).toMatchObject(unknown);
    expect(await admin.request('GET', `${FLAGS}/${id}/environments/production`)).toMatchObject(unknown);
    const settings = await admin.request('PATCH', `${FLAGS}/${id}/environments/production`, { status: 'enabled' });
    expect(settings).toMatchObject(unknown);
  });
});
