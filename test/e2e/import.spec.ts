import { beforeAll, expect, it } from '@jest/globals';
import { type AdminAnswer, type AdminClient } from '../support/admin-client.js';
import { auditTrail } from '../support/audit-pages.js';
import { type TestServer } from '../support/server.js';
import { describeEachDatabase, useServers } from '../support/use-servers.js';
import { ownProject } from './support/own-project.js';

interface Change {
  flag: string;
  type: string;
  before: object | null;
  after: object | null;
}

interface ImportBody {
  dry_run: boolean;
  flags: Record<string, number>;
  environments_created: string[];
  environments: Record<string, { cursor: string | null; revision: number; changes: Change[] }>;
  cursor?: string;
  revision?: number;
  changes?: Change[];
}

interface Document {
  format: 'flagwire';
  version: 1;
  project: { key: string; name: string };
  environments: { key: string; name: string }[];
  flags: Record<string, unknown>[];
}

const boolean = { value_type: 'boolean', variants: { on: true, off: false }, default_variant: 'off' };
const flag = (id: string, fields: object = {}) => ({ id, name: id, ...boolean, ...fields });
const documentOf = (flags: object[], fields: object = {}) => ({ format: 'flagwire', version: 1, flags, ...fields });

describeEachDatabase('an import', (database) => {
  const start = useServers();
  let server: TestServer;
  let admin: AdminClient;
  beforeAll(async () => {
    server = await start({ database });
    ({ admin } = server);
  });

  /** A project of its own with the environments `live` and `test`. */
  async function make(...environments: string[]) {
    const options = await ownProject(admin, environments.length > 0 ? environments : ['live', 'test']);
    const { project } = options;
    const send = (document: unknown, query = '', headers: Record<string, string> = {}) =>
      admin.request('POST', `/api/projects/${project}/import${query}`, document, headers);
    const take = async (document: object, query = '') => (await admin.import(document, query, options)).body as ImportBody;
    const exported = async () => (await admin.export(options)).body as Document;
    const trails = async () => {
      const { environments: all } = await exported();
      return Promise.all(all.map(async ({ key }) => (await admin.changes(key, 0, options)).body.items));
    };
    const audit = async () => (await auditTrail(admin)).filter((row) => row.project === project);
    const cursors = async (): Promise<Record<string, string>> => {
      const found: Record<string, string> = {};
      for (const { key } of (await exported()).environments) {
        const { cursor } = (await admin.getEnvironment(key, options)).body as unknown as { cursor: string };
        found[key] = cursor;
      }
      return found;
    };
    return { project, options, send, take, exported, trails, audit, cursors };
  }

  /** A project in which everything that a document can say is said. */
  async function full() {
    const made = await make();
    const { options } = made;
    const live = { status: 'enabled', targeting: { if: [true, 'on', 'off'] }, default_variant: null };
    await admin.createFlag('a', { tags: ['x'], owner: 'me', critical: true, environments: { live } }, options);
    const texts = { value_type: 'string', variants: { '': 'x', b: 'y' }, default_variant: 'b' };
    await admin.createFlag('b', { ...texts, variants: { a: '\u00e4 ', b: 'y' }, description: 'of\n\ttwo lines' }, options);
    const nested = { value_type: 'object', variants: { x: { a: [1, { b: null }] }, y: {} }, default_variant: null };
    await admin.createFlag('c', { ...nested, environments: { test: { status: 'deprecated', default_variant: 'y' } } }, options);
    await admin.createFlag('gone', { environments: { live } }, options);
    await admin.archive('gone', options);
    return made;
  }

  const codeOf = ({ status, body }: AdminAnswer) => [status, (body as { code?: string }).code];
  const pathsOf = ({ body }: AdminAnswer) => (body as { errors?: { path: string }[] }).errors?.map(({ path }) => path);

  it('of an export into an empty project gives an equal export, in one revision for each environment', async () => {
    const from = await full();
    const document = await from.exported();
    const to = await make('live');
    const { status, body, cursors } = await admin.import(document, '', to.options);
    expect(status).toBe(200);
    expect(body).toMatchObject({
      dry_run: false,
      flags: { created: 4, updated: 0, restored: 0, archived: 0, unchanged: 0 },
      environments_created: ['test'],
      environments: { live: { revision: 1 }, test: { revision: 1 } },
    });
    const { environments } = body as ImportBody;
    expect(environments['live']?.changes.map(({ flag: id, type }) => `${type} ${id}`)).toEqual([
      'FlagCreated a',
      'FlagCreated b',
      'FlagCreated c',
    ]);
    expect(cursors).toEqual({ live: environments['live']?.cursor, test: environments['test']?.cursor });
    expect(await to.cursors()).toEqual(cursors);
    const again = await to.exported();
    expect(again).toEqual({ ...document, project: again.project });
    // And once more changes nothing.
    const second = await to.take(document);
    expect(second.flags).toEqual({ created: 0, updated: 0, restored: 0, archived: 0, unchanged: 4 });
    expect(second.environments).toMatchObject({ live: { revision: 1, changes: [] }, test: { revision: 1, changes: [] } });
    const trail = (await admin.changes('live', 0, to.options)).body.items;
    expect(trail).toMatchObject([{ revision: 1, actor: 'FLAGWIRE_ADMIN_TOKEN', comment: 'Import' }]);
  });

  it('carries a project to another server, where an archived flag can be restored as it was', async () => {
    const from = await full();
    const document = await from.exported();
    const other = await start({ database });
    await other.admin.createProject('moved');
    await other.admin.import(document, '', { project: 'moved' });
    const there = (await other.admin.export({ project: 'moved' })).body as Document;
    expect(there).toEqual({ ...document, project: { key: 'moved', name: 'moved' } });
    await other.admin.restore('gone', { project: 'moved' });
    expect((await other.admin.getEnv('gone', 'live', { project: 'moved' })).body).toMatchObject({
      status: 'enabled',
      default_variant: null,
      targeting: { if: [true, 'on', 'off'] },
    });
    await other.dispose();
  });

  it('merges by id: what the document has is as it says, what it does not name stays', async () => {
    const { options, take, exported } = await make();
    const live = { status: 'enabled', default_variant: 'on', targeting: { if: [true, 'on'] } };
    await admin.createFlag('kept', { owner: 'me', environments: { live } }, options);
    await admin.createFlag('set', { owner: 'me', tags: ['x'], description: 'd', environments: { live, test: live } }, options);
    await admin.createFlag('back', { environments: { live } }, options);
    await admin.archive('back', options);
    await admin.createFlag('away', {}, options);
    const before = await exported();
    const answer = await take(
      documentOf([
        flag('set', { name: 'Set', owner: null, environments: { live: { status: 'deprecated' } } }),
        flag('back'),
        flag('away', { archived: true }),
        flag('new', { environments: { test: { status: 'enabled' } } }),
      ]),
    );
    expect(answer.flags).toEqual({ created: 1, updated: 1, restored: 1, archived: 1, unchanged: 0 });
    const types = answer.environments['live']?.changes.map(({ flag: id, type }) => `${id} ${type}`);
    expect(types).toEqual(['set FlagUpdated', 'back FlagCreated', 'away FlagDeleted', 'new FlagCreated']);
    const after = Object.fromEntries((await exported()).flags.map((each) => [each['id'] as string, each] as const));
    expect(after['kept']).toEqual(before.flags.find(({ id }) => id === 'kept'));
    expect(after['set']).toMatchObject({
      ...{ name: 'Set', owner: null, tags: ['x'], description: 'd' },
      environments: { live: { status: 'deprecated', targeting: { if: [true, 'on'] } }, test: live },
    });
    // A default that is not named is the flag's own.
    expect(after['set']).not.toHaveProperty('environments.live.default_variant');
    expect(after['back']).toMatchObject({ archived: false, environments: { live } });
    expect(after['away']).toMatchObject({ archived: true });
    const { version } = (await admin.getFlag('set', options)).body;
    expect(version).toBe(2);
  });

  it('in mode replace archives what the document lacks', async () => {
    const { options, take, exported } = await full();
    const answer = await take(documentOf([flag('a')]), '?mode=replace');
    expect(answer.flags).toMatchObject({ archived: 2, restored: 0 });
    expect((await exported()).flags.filter(({ archived }) => archived === false)).toMatchObject([{ id: 'a' }]);
    const items = (await admin.changes('live', 0, options)).body.items;
    expect(items.at(-1)).toMatchObject({ comment: 'Import, in place of what was there' });
    expect(await take(documentOf([]), '?mode=replace')).toMatchObject({ flags: { archived: 1 } });
  });

  it('that is a dry run says what would change and writes nothing at all', async () => {
    const { options, take, exported, trails, audit, cursors, send } = await full();
    const document = documentOf([flag('a', { name: 'other' }), flag('new'), flag('gone')], {
      environments: [{ key: 'made', name: 'Made' }],
    });
    const look = async () => ({ exported: await exported(), trails: await trails(), cursors: await cursors() });
    const [before, rows] = [await look(), (await auditTrail(admin)).length];
    const dry = await send(document, '?dry_run=true&mode=replace', { 'Idempotency-Key': `dry-${database}` });
    expect(dry.status).toBe(200);
    // Reading for the comparison exports twice.
    expect(await look()).toEqual(before);
    const added = (await auditTrail(admin)).slice(rows);
    expect(added.map(({ action }) => action).filter((action) => action !== 'project.exported')).toEqual([]);
    const body = dry.body as ImportBody;
    expect(dry.cursors).toEqual(before.cursors);
    expect(body).toMatchObject({
      dry_run: true,
      flags: { created: 1, updated: 1, restored: 1, archived: 2 },
      environments_created: ['made'],
      environments: { made: { cursor: null, revision: 0 }, live: { cursor: before.cursors['live'] } },
    });
    const real = await take(document, '?mode=replace');
    expect(real.flags).toEqual(body.flags);
    const essence = (answer: ImportBody) =>
      Object.entries(answer.environments).map(([key, { changes }]) => [key, changes.map(({ flag: id, type }) => [id, type])]);
    expect(essence(real)).toEqual(essence(body));
    expect((await audit()).slice(-2)).toMatchObject([
      { action: 'environment.created', target: 'made' },
      { action: 'project.imported', details: { format: 'flagwire', mode: 'replace', created: 1, updated: 1, archived: 2 } },
    ]);
    expect((await admin.getEnvironment('made', options)).body.revision).toBe(1);
  });

  it('is refused whole, with every mistake named by its place', async () => {
    const { send, exported, options } = await make();
    await admin.createFlag('old', { value_type: 'string', variants: { a: 'x' }, default_variant: 'a' }, options);
    const before = await exported();
    const answer = await send({
      ...{ format: 'flagwire', version: 1, extra: 1 },
      environments: [
        { key: 'Live', name: 'x' },
        { key: 'new', name: 'New' },
        { key: 'new', name: 'New' },
      ],
      flags: [
        flag('good'),
        flag('old'),
        flag('good'),
        flag('typed', { variants: { on: 'yes', off: false } }),
        flag('far', { environments: { nowhere: {}, new: { status: 'on' }, live: { targeting: { if: [true, 'none'] } } } }),
        { ...flag('__proto__'), constructor: 1, archived: 'no' },
        'flag',
      ],
    });
    expect(codeOf(answer)).toEqual([400, 'invalid_input']);
    expect(pathsOf(answer)).toEqual([
      'environments[0].key',
      'environments[2].key',
      'extra',
      'flags[1].value_type',
      'flags[2].id',
      'flags[3].variants.on',
      'flags[4].environments.live.targeting.if[1]',
      'flags[4].environments.new.status',
      'flags[4].environments.nowhere',
      'flags[5].archived',
      'flags[5].constructor',
      'flags[5].id',
      'flags[6]',
    ]);
    for (const body of ['text', null]) expect(codeOf(await send(JSON.stringify(body)))).toEqual([400, 'malformed_json']);
    for (const body of [[], {}, { format: 'flagd', version: 1, flags: [] }, { flags: {} }]) {
      expect([body, codeOf(await send(JSON.stringify(body)))]).toEqual([body, [400, 'invalid_input']]);
    }
    for (const [query, path] of [
      ['?mode=both', 'mode'],
      ['?dry_run=yes', 'dry_run'],
      ['?format=flagd', 'environment'],
      ['?environment=live', 'environment'],
      ['?other=1', 'other'],
    ]) {
      expect([query, pathsOf(await send(documentOf([]), query))]).toEqual([query, [path]]);
    }
    expect(await exported()).toEqual(before);
    expect(await admin.request('POST', '/api/projects/nowhere/import', documentOf([]))).toMatchObject({ status: 404 });
  });

  it('is refused where a variant would go that an environment uses, which the document does not set', async () => {
    const { send, exported, options } = await make();
    const live = { status: 'enabled', default_variant: 'c', targeting: { if: [true, 'c', 'a'] } };
    const texts = { value_type: 'string', variants: { a: 'x', b: 'y', c: 'z' }, default_variant: 'b' };
    await admin.createFlag('used', { ...texts, environments: { live } }, options);
    const before = await exported();
    const { default_variant: _, ...fewer } = { ...texts, id: 'used', name: 'used', variants: { a: 'x' } };
    const answer = await send(documentOf([flag('other'), fewer]));
    expect(codeOf(answer)).toEqual([409, 'variant_in_use']);
    expect(pathsOf(answer)?.sort()).toEqual([
      'flags[1].default_variant',
      'flags[1].environments.live.default_variant',
      'flags[1].environments.live.targeting.if[1]',
    ]);
    expect(await exported()).toEqual(before);
    const set = { ...fewer, default_variant: 'a', environments: { live: { targeting: {} } } };
    expect(await send(documentOf([set]))).toMatchObject({ status: 200, body: { flags: { updated: 1 } } });
  });

  it('is for the cursors that If-Match names: one that no environment is at refuses the whole', async () => {
    const { send, cursors, options } = await make();
    const old = await cursors();
    await admin.createFlag('a', {}, options);
    const now = await cursors();
    const document = documentOf([flag('b')]);
    for (const tags of [`"${old['live']}"`, `"${now['live']}", "${old['test']}"`, `W/"${now['live']}"`, '"x"']) {
      const answer = await send(document, '', { 'If-Match': tags });
      expect([tags, answer]).toMatchObject([tags, { status: 412, body: { code: 'version_conflict', current: now } }]);
    }
    expect(await cursors()).toEqual(now);
    const fits = await send(document, '', { 'If-Match': `"${now['live']}", "${now['test']}"` });
    expect([fits.status, (await send(document, '', { 'If-Match': '*' })).status]).toEqual([200, 200]);
  });

  it('is for editors of the whole project; for an environment to be made it takes an admin', async () => {
    const { project, send, exported } = await make();
    const document = documentOf([flag('a')], { environments: [{ key: 'made', name: 'Made' }] });
    const path = `/api/projects/${project}/import`;
    const token = async (role: 'viewer' | 'editor' | 'admin', extra: object = {}) =>
      admin.as((await admin.createToken(role, { project, ...extra })).token);
    expect(codeOf(await (await token('viewer')).request('POST', path, document))).toEqual([403, 'insufficient_role']);
    const limited = await token('admin', { environments: ['live', 'test'] });
    expect(codeOf(await limited.request('POST', path, document))).toEqual([403, 'wrong_environment']);
    const editor = await token('editor');
    for (const query of ['', '?dry_run=true']) {
      const refused = await editor.request('POST', path + query, document);
      expect(codeOf(refused)).toEqual([403, 'insufficient_role']);
      expect((refused.body as { detail: string }).detail).toContain('"made"');
    }
    expect((await exported()).flags).toEqual([]);
    expect(await editor.request('POST', path, documentOf([flag('a')]))).toMatchObject({ status: 200 });
    expect(await send(document)).toMatchObject({ status: 200, body: { environments_created: ['made'] } });
  });

  it('that is sent again with its Idempotency-Key is done once', async () => {
    const { send, cursors, audit } = await make('live');
    const headers = { 'Idempotency-Key': 'import-once' };
    const first = await send(documentOf([flag('a')]), '', headers);
    // Of one environment: what change sets answer.
    expect(first.body).toMatchObject({ cursor: first.cursors['live'], revision: 1, changes: [{ flag: 'a' }] });
    const now = await cursors();
    const again = await send(documentOf([flag('a')]), '', headers);
    expect([again.status, again.body, again.cursors]).toEqual([200, first.body, first.cursors]);
    expect(await cursors()).toEqual(now);
    expect((await audit()).filter(({ action }) => action === 'project.imported')).toHaveLength(1);
    expect(codeOf(await send(documentOf([flag('b')]), '', headers))).toEqual([422, 'idempotency_key_reused']);
  });
});
