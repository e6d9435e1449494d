import { beforeAll, expect, it } from '@jest/globals';
import { type AdminAnswer, type AdminClient, type ChangeSetResult } from '../support/admin-client.js';
import { parseCursor, revisionOf } from '../support/cursor.js';
import { type TestServer } from '../support/server.js';
import { SseProbe } from '../support/sse-client.js';
import { describeEachDatabase, useServers } from '../support/use-servers.js';
import { type FlagDefinition } from '../support/wire-types.js';

interface Entry {
  flag: string;
  type: string;
  before: FlagDefinition | null;
  after: FlagDefinition | null;
}

const PATH = '/api/projects/default/environments/production/change-sets';
const pathsOf = ({ body }: AdminAnswer) => (body as { errors: { path: string }[] }).errors.map(({ path }) => path).sort();

describeEachDatabase('a change set', (database) => {
  const start = useServers();
  let server: TestServer;
  let admin: AdminClient;
  beforeAll(async () => {
    server = await start({ database });
    ({ admin } = server);
    for (const id of ['a', 'b', 'c', 'd']) await admin.createFlag(id);
    await admin.createFlag('gone');
    await admin.archive('gone');
  });

  const apply = (body: unknown, headers: Record<string, string> = {}) => admin.request('POST', PATH, body, headers);
  const head = async () => (await admin.getEnvironment('production')).body as unknown as { cursor: string; revision: number };
  const definition = async (id: string) => (await admin.getEnv(id, 'production')).body;

  /** Refused, and the environment stands where it stood. */
  async function expectNothing(request: () => Promise<AdminAnswer>, expected: object): Promise<AdminAnswer> {
    const before = [await head(), await definition('a'), await definition('b'), (await admin.changes('production')).body];
    const answer = await request();
    expect(answer).toMatchObject(expected);
    expect([await head(), await definition('a'), await definition('b'), (await admin.changes('production')).body]).toEqual(
      before,
    );
    return answer;
  }

  it('is one revision of one environment, with what it changed of each flag', async () => {
    const { revision } = await head();
    const staging = (await admin.getEnvironment('staging')).body;
    const before = [await definition('a'), await definition('b'), await definition('c')];
    const targeting = { if: [true, 'on', 'off'] };
    const changes = [
      { flag: 'a', status: 'enabled' },
      { flag: 'b', status: 'deprecated', targeting, default_variant: null },
      { flag: 'c', default_variant: 'on' },
    ];
    const { status, headers, body, cursors } = await apply({ comment: 'Launch\nday', changes });
    const result = body as ChangeSetResult;
    const after = [await definition('a'), await definition('b'), await definition('c')];
    expect([status, headers.location]).toEqual([200, undefined]);
    expect(result).toEqual({
      cursor: (await head()).cursor,
      revision: revision + 1,
      changes: ['FlagStatusChanged', 'FlagUpdated', 'FlagUpdated'].map((type, index) => {
        return { flag: changes[index]?.flag, type, before: before[index], after: after[index] };
      }),
    });
    expect(cursors).toEqual({ production: result.cursor });
    expect(after.map((flag) => [flag.status, flag.default_variant, flag.targeting, flag.metadata.version])).toEqual([
      ['enabled', 'off', {}, 2],
      ['deprecated', null, targeting, 2],
      ['disabled', 'on', {}, 2],
    ]);
    expect((await admin.getEnvironment('staging')).body).toEqual(staging);
    const { items } = (await admin.changes('production', revision)).body;
    expect(items).toMatchObject([{ revision: revision + 1, comment: 'Launch\nday', actor: 'FLAGWIRE_ADMIN_TOKEN' }]);
  });

  it('reaches a stream as a whole', async () => {
    const { key } = await admin.createKey('production');
    const probe = await SseProbe.connect({ url: server.url, key });
    await probe.waitForSync();
    const changes = ['a', 'b', 'c', 'd'].map((flag) => ({ flag, targeting: { if: [true, null] } }));
    const { cursor } = (await admin.changeSet('production', changes)).body;
    await probe.waitForCursor(cursor);
    expect(probe.applied.map((set) => [set.cursor, set.events.length])).toEqual([[cursor, 4]]);
    probe.assertInOrder();
    await probe.close();
  });

  it('leaves out what it does not change, and makes no revision where that is all', async () => {
    const before = await head();
    const { status, targeting } = await definition('a');
    const same = { flag: 'a', status, targeting };
    const none = await apply({ changes: [same, { flag: 'b' }], comment: 'nothing' });
    expect([none.status, none.body]).toEqual([200, { cursor: before.cursor, revision: before.revision, changes: [] }]);
    expect(none.cursors).toEqual({ production: before.cursor });
    const some = await apply({ changes: [same, { flag: 'd', status: 'enabled' }] });
    expect((some.body as ChangeSetResult).changes).toMatchObject([{ flag: 'd', type: 'FlagStatusChanged' }]);
    expect(await head()).toMatchObject({ revision: before.revision + 1 });
  });

  it('is all or nothing: one wrong entry, and nothing of it is written', async () => {
    const good = { flag: 'a', status: 'deprecated' };
    const wrong: [object, string[]][] = [
      [{ changes: [good, { flag: 'nowhere', status: 'enabled' }] }, ['changes[1].flag']],
      [{ changes: [good, { flag: 'b', status: 'on' }] }, ['changes[1].status']],
      [{ changes: [good, { flag: 'b', default_variant: 'blue' }] }, ['changes[1].default_variant']],
      [{ changes: [good, { flag: 'b', name: 'x', variants: {} }] }, ['changes[1].name', 'changes[1].variants']],
      [{ changes: [good, { flag: 'b', targeting: 7 }] }, ['changes[1].targeting']],
      [{ changes: [good, { flag: 'b', version: 0 }, { flag: 'c', version: '1' }] }, ['changes[1].version', 'changes[2].version']],
      [{ changes: [good, { status: 'enabled' }, null, 7, []] }, ['changes[1].flag', 'changes[2]', 'changes[3]', 'changes[4]']],
      [{ changes: [good, { flag: 'b' }, good] }, ['changes[2].flag']],
      [{ changes: [good], comment: 7 }, ['comment']],
      [{ changes: [good], comment: 'x'.repeat(4097), dry_run: true }, ['comment', 'dry_run']],
      [{ changes: [] }, ['changes']],
      [{ changes: { 0: good } }, ['changes']],
      [{}, ['changes']],
    ];
    for (const [body, paths] of wrong) {
      const answer = await expectNothing(() => apply(body), { status: 400, body: { code: 'invalid_input' } });
      expect([body, pathsOf(answer)]).toEqual([body, paths]);
    }
  });

  it('names every mistake of every entry at once', async () => {
    const changes = [
      { flag: 'a', status: 'on', default_variant: 'x', targeting: [], more: 1 },
      { flag: 'a', version: 1.5 },
      { flag: 7, status: 'enabled' },
    ];
    const answer = await expectNothing(() => apply({ changes, comment: false, extra: 1 }), { status: 400 });
    const first = ['default_variant', 'more', 'status', 'targeting'].map((field) => `changes[0].${field}`);
    expect(pathsOf(answer)).toEqual([...first, 'changes[1].flag', 'changes[1].version', 'changes[2].flag', 'comment', 'extra']);
  });

  it('takes a thousand changes, and not one more', async () => {
    await admin.createProject('large');
    await admin.createEnvironment('live', { project: 'large' });
    const path = '/api/projects/large/environments/live/change-sets';
    const ids = Array.from({ length: 20 }, (_, index) => `f${index}`);
    for (const id of ids) await admin.createFlag(id, {}, { project: 'large' });
    const { revision } = (await admin.getEnvironment('live', { project: 'large' })).body;
    const many = (count: number) => Array.from({ length: count }, (_, index) => ({ flag: `f${index}`, status: 'enabled' }));
    const over = await admin.request('POST', path, { changes: many(1001) });
    expect([over.status, pathsOf(over)]).toEqual([400, ['changes']]);
    // A thousand are looked at one by one: 980 of them name no flag.
    const unknown = await admin.request('POST', path, { changes: many(1000) });
    expect([unknown.status, (unknown.body as { errors: unknown[] }).errors.length]).toEqual([400, 51]);
    expect((await admin.getEnvironment('live', { project: 'large' })).body.revision).toBe(revision);
    const all = await admin.call<ChangeSetResult>('POST', path, { changes: many(20) });
    expect(all.body).toMatchObject({ revision: revision + 1 });
    expect(all.body.changes).toHaveLength(20);
    await admin.deleteProject('large');
  });

  it('is refused for an archived flag, naming each', async () => {
    await admin.createFlag('gone-too');
    await admin.archive('gone-too');
    const changes = [{ flag: 'a', status: 'deprecated' }, { flag: 'gone', status: 'enabled' }, { flag: 'gone-too' }];
    const answer = await expectNothing(() => apply({ changes }), { status: 409, body: { code: 'flag_archived' } });
    expect((answer.body as { detail: string }).detail).toMatch(/"gone", "gone-too"/);
  });

  it('with a version is refused as a whole where that of one flag is another', async () => {
    const [a, b] = [await definition('a'), await definition('b')];
    const versions = { a: a.metadata.version, b: b.metadata.version };
    const changes = (ofB: number) => [
      { flag: 'a', status: 'deprecated', version: versions.a },
      { flag: 'b', status: 'disabled', version: ofB },
    ];
    for (const other of [versions.b - 1, versions.b + 1, 999]) {
      const answer = await expectNothing(() => apply({ changes: changes(other) }), {
        status: 412,
        body: { code: 'version_conflict' },
      });
      expect((answer.body as { current: unknown }).current).toEqual([b]);
    }
    const fits = await apply({ changes: changes(versions.b) });
    expect(fits.status).toBe(200);
    expect((await definition('b')).metadata.version).toBe(versions.b + 1);
  });

  it('with If-Match is for one cursor of the environment: after any other change it is 412', async () => {
    const old = await head();
    const changes = [{ flag: 'c', status: 'enabled' }];
    await admin.patchEnv('d', 'production', { status: 'disabled' });
    const { cursor } = await head();
    const answer = await expectNothing(() => apply({ changes }, { 'If-Match': `"${old.cursor}"` }), { status: 412 });
    expect(answer.body).toMatchObject({ code: 'version_conflict', current: cursor });
    // A change of another environment is none of its business.
    await admin.patchEnv('d', 'staging', { status: 'enabled' });
    const fits = await apply({ changes }, { 'If-Match': `"${cursor}"` });
    expect([fits.status, revisionOf((fits.body as ChangeSetResult).cursor)]).toEqual([200, revisionOf(cursor) + 1]);
    // Another mark at the same revision is another history.
    const { epoch = '', revision = 0 } = parseCursor((await head()).cursor) ?? {};
    const forged = { 'If-Match': `"${epoch}.${revision}.aaaaaa"` };
    await expectNothing(() => apply({ changes: [{ flag: 'c', status: 'disabled' }] }, forged), { status: 412 });
  });

  it('of an environment or a project that is not there is none', async () => {
    const body = { changes: [{ flag: 'a', status: 'enabled' }] };
    const nowhere = await admin.request('POST', PATH.replace('production', 'nowhere'), body);
    expect(nowhere).toMatchObject({ status: 404, body: { code: 'environment_not_found' } });
    const noProject = await admin.request('POST', PATH.replace('default', 'nowhere'), body);
    expect(noProject).toMatchObject({ status: 404, body: { code: 'project_not_found' } });
  });

  it('has entries of the audit trail in its answer', async () => {
    const { revision } = await head();
    const { body } = await admin.changeSet('production', [{ flag: 'a', status: 'enabled' }], { comment: 'why' });
    const [record] = (await admin.changes('production', revision)).body.items as unknown as {
      changes: Entry[];
      cursor: string;
    }[];
    expect([record?.changes, record?.cursor]).toEqual([body.changes, body.cursor]);
  });
});
