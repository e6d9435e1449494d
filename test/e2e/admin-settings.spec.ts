import { beforeAll, expect, it } from '@jest/globals';
import { type AdminAnswer, type AdminClient, type EnvironmentEdit } from '../support/admin-client.js';
import { revisionOf } from '../support/cursor.js';
import { EtagPoller } from '../support/poll-client.js';
import { type TestServer } from '../support/server.js';
import { describeEachDatabase, useServers } from '../support/use-servers.js';
import { type FlagDefinition } from '../support/wire-types.js';

const FLAGS = '/api/projects/default/flags';
const TIME = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
const rule = (variant: string | null) => ({ if: [{ '==': [{ var: 'country' }, 'CH'] }, variant, 'off'] });
const pathsOf = ({ body }: AdminAnswer) => (body as { errors: { path: string }[] }).errors.map(({ path }) => path).sort();

describeEachDatabase('a flag in one environment', (database) => {
  const start = useServers();
  let server: TestServer;
  let admin: AdminClient;
  let poller: EtagPoller;
  beforeAll(async () => {
    server = await start({ database });
    ({ admin } = server);
    poller = new EtagPoller({ url: server.url, key: (await admin.createKey('production')).key });
  });

  const path = (id: string, environment = 'production') => `${FLAGS}/${id}/environments/${environment}`;
  const edit = (id: string, body: object) => admin.request('PATCH', path(id), body);
  const revision = async (environment: string) => (await admin.getEnvironment(environment)).body.revision;

  it('is read as its clients see it, with its version as the tag', async () => {
    await admin.createFlag('read', { tags: ['t'], environments: { production: { status: 'enabled', targeting: rule('on') } } });
    await poller.poll();
    const answer = await admin.request('GET', path('read'));
    expect([answer.status, answer.headers.etag, answer.body]).toEqual([200, '"1"', poller.state.get('read')]);
    await admin.patchEnv('read', 'production', { status: 'disabled' });
    const later = await admin.request('GET', path('read'), undefined, { 'If-None-Match': '"1"' });
    expect([later.status, later.headers.etag, later.body]).toMatchObject([200, '"2"', { status: 'disabled' }]);
    const nowhere = await admin.request('GET', path('read', 'nowhere'));
    expect(nowhere).toMatchObject({ status: 404, body: { code: 'environment_not_found' } });
  });

  it('is set there and nowhere else: what is absent stays, one revision, the new tag and the cursor', async () => {
    await admin.createFlag('set');
    const before = { production: await revision('production'), staging: await revision('staging') };
    const set = await edit('set', { status: 'enabled', targeting: rule('on') });
    const definition = set.body as FlagDefinition;
    expect([set.status, set.headers.etag]).toEqual([200, '"2"']);
    expect(definition).toMatchObject({ id: 'set', status: 'enabled', default_variant: 'off', targeting: rule('on') });
    expect(definition.metadata).toMatchObject({ version: 2, created_at: TIME, updated_at: TIME });
    expect(Object.keys(set.cursors)).toEqual(['production']);
    expect(revisionOf(set.cursors['production'] ?? '')).toBe(before.production + 1);
    expect(await revision('staging')).toBe(before.staging);
    expect((await admin.getEnv('set', 'staging')).body).toMatchObject({
      status: 'disabled',
      targeting: {},
      metadata: { version: 1 },
    });

    const moved = await edit('set', { default_variant: 'on' });
    expect(moved.body).toMatchObject({
      status: 'enabled',
      default_variant: 'on',
      targeting: rule('on'),
      metadata: { version: 3 },
    });
    const off = await edit('set', { status: 'disabled' });
    expect(off.body).toMatchObject({
      status: 'disabled',
      default_variant: 'on',
      targeting: rule('on'),
      metadata: { version: 4 },
    });
    // Its own version is that of the project-wide flag, and has not moved.
    expect((await admin.getFlag('set')).headers.etag).toBe('"1"');
  });

  it('is served by the answering node as soon as the write is answered', async () => {
    await admin.createFlag('soon');
    for (const status of ['enabled', 'deprecated', 'disabled'] as const) {
      const { cursors, body } = await admin.patchEnv('soon', 'production', { status });
      await poller.poll();
      expect([poller.cursor, poller.state.get('soon')]).toEqual([cursors['production'], body]);
    }
  });

  it('has rules that are replaced whole, and cleared by null or {}', async () => {
    await admin.createFlag('rules');
    const targeting = async (body: object) => ((await edit('rules', body)).body as FlagDefinition).targeting;
    expect(await targeting({ targeting: rule('on') })).toEqual(rule('on'));
    expect(await targeting({ targeting: { var: 'variant' } })).toEqual({ var: 'variant' });
    expect(await targeting({ targeting: null })).toEqual({});
    expect(await targeting({ targeting: rule(null) })).toEqual(rule(null));
    expect(await targeting({ targeting: {} })).toEqual({});
    expect(await targeting({ status: 'enabled' })).toEqual({});
  });

  it('has null as a default of its own: the one in the code; an absent one inherits', async () => {
    await admin.createFlag('default', { default_variant: 'on' });
    const shown = async () => {
      const { environments } = (await admin.getFlag('default')).body as { environments: Record<string, EnvironmentEdit> };
      return [environments['production']?.default_variant, (await admin.getEnv('default', 'production')).body.default_variant];
    };
    expect(await shown()).toEqual([undefined, 'on']);
    await edit('default', { default_variant: null });
    expect(await shown()).toEqual([null, null]);
    await admin.patchFlag('default', { default_variant: 'off' });
    expect(await shown()).toEqual([null, null]);
    await edit('default', { default_variant: 'on' });
    expect(await shown()).toEqual(['on', 'on']);
  });

  it('that is set to what it is makes no revision, and answers with the present cursor', async () => {
    await admin.createFlag('same');
    const { cursors } = await admin.patchEnv('same', 'production', {
      status: 'enabled',
      targeting: rule('on'),
      default_variant: 'on',
    });
    const { body } = await admin.getEnv('same', 'production');
    const settings = { targeting: { if: rule('on').if }, status: 'enabled', default_variant: 'on' };
    for (const again of [settings, {}, { status: 'enabled' }]) {
      const answer = await edit('same', again);
      expect([answer.status, answer.headers.etag, answer.body, answer.cursors]).toEqual([200, '"2"', body, cursors]);
    }
    // An own default that is the flag's own is none that anybody sees, until the flag's moves.
    const inherited = await admin.createFlag('own');
    const own = await edit('own', { default_variant: 'off' });
    expect([own.headers.etag, own.cursors['production']]).toEqual(['"1"', inherited.cursors['production']]);
    await admin.patchFlag('own', { default_variant: 'on' });
    expect((await admin.getEnv('own', 'production')).body).toMatchObject({ default_variant: 'off', metadata: { version: 1 } });
  });

  it('goes from A to B and back to A by two revisions', async () => {
    const { cursors } = await admin.createFlag('aba');
    const there = await admin.patchEnv('aba', 'production', { status: 'enabled' });
    const back = await admin.patchEnv('aba', 'production', { status: 'disabled' });
    const first = revisionOf(cursors['production'] ?? '');
    expect([there, back].map((answer) => revisionOf(answer.cursors['production'] ?? ''))).toEqual([first + 1, first + 2]);
    expect(back.headers.etag).toBe('"3"');
    expect(Date.parse(back.body.metadata.updated_at)).toBeGreaterThan(Date.parse(there.body.metadata.updated_at));
  });

  it('is refused with every mistake at once, and nothing is written', async () => {
    await admin.createFlag('wrong');
    const before = await admin.getEnvironment('production');
    const answer = await edit('wrong', {
      status: 'on',
      default_variant: 'maybe',
      targeting: { if: [{ '==': [{ var: 'a' }, 1] }, 'gone', { unknown: [] }] },
      name: 'x',
      version: 3,
      flag: 'wrong',
    });
    expect(answer).toMatchObject({ status: 400, body: { code: 'invalid_input' } });
    const fields = ['default_variant', 'flag', 'name', 'status', 'version'];
    const found = pathsOf(answer);
    expect(found.filter((field) => !field.startsWith('targeting.if'))).toEqual(fields);
    expect(found.filter((field) => field.startsWith('targeting.if')).length).toBeGreaterThanOrEqual(2);
    for (const wrong of [
      { status: null },
      { status: '' },
      { default_variant: '' },
      { default_variant: {} },
      { targeting: 'on' },
      { targeting: [] },
    ]) {
      const refused = await edit('wrong', wrong);
      expect([wrong, refused.status, pathsOf(refused)]).toEqual([wrong, 400, Object.keys(wrong)]);
    }
    expect((await admin.getEnvironment('production')).body).toEqual(before.body);
  });

  it.each([
    ['a variant that is not there', { if: [true, 'blue'] }],
    ['a name of a property of every object', { var: 'constructor.name' }],
    ['an operator that is unknown', { nonsense: [1, 2] }],
    ['two operators in one', { and: [true], or: [false] }],
    ['shares below nothing', { fractional: [['on', -1]] }],
  ])('refuses rules with %s', async (_, targeting) => {
    const answer = await admin.request('PATCH', path('read'), { targeting });
    expect([answer.status, pathsOf(answer).every((where) => where.startsWith('targeting'))]).toEqual([400, true]);
  });

  it('refuses rules that are deeper than a stack', async () => {
    const deep = `${'{"!":['.repeat(20_000)}true${']}'.repeat(20_000)}`;
    const answer = await admin.request('PATCH', path('read'), `{"targeting": ${deep}}`);
    expect(answer).toMatchObject({ status: 400, body: { code: 'invalid_input' } });
    expect((await admin.getEnv('read', 'production')).status).toBe(200);
  });

  it('may have a hundred kilobytes of names in its rules only if they fit 64 KiB', async () => {
    const many = (count: number) => ({
      if: [{ in: [{ var: 'user' }, Array.from({ length: count }, (_, index) => `user-${index}`)] }, 'on', 'off'],
    });
    const fits = await edit('read', { targeting: many(4000) });
    expect([fits.status, (fits.body as FlagDefinition).targeting]).toEqual([200, many(4000)]);
    const answer = await edit('read', { targeting: many(10_000) });
    expect([answer.status, pathsOf(answer)]).toEqual([400, ['targeting']]);
  });

  it('of a project that is not there is none', async () => {
    const answer = await admin.request('PATCH', '/api/projects/nowhere/flags/set/environments/production', { status: 'enabled' });
    expect(answer).toMatchObject({ status: 404, body: { code: 'project_not_found' } });
  });
});
