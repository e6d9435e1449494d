import { beforeAll, expect, it } from '@jest/globals';
import { UnexpectedAnswer, type AdminClient, type EnvironmentEdit } from '../support/admin-client.js';
import { EtagPoller } from '../support/poll-client.js';
import { withSeed, type SeededRandom } from '../support/random.js';
import { type TestServer } from '../support/server.js';
import { describeEachDatabase, useServers } from '../support/use-servers.js';
import { type FlagDefinition } from '../support/wire-types.js';

interface Entry {
  flag: string;
  type: string;
  before: FlagDefinition | null;
  after: FlagDefinition | null;
}

interface ChangeRecord {
  revision: number;
  cursor: string;
  time: string;
  actor: string;
  comment: string | null;
  changes: Entry[];
}

interface Page {
  items: ChangeRecord[];
  next: string | null;
}

const FIELDS = 'actor,changes,comment,cursor,revision,time';
const byId = (flags: Iterable<FlagDefinition>) => [...flags].sort((a, b) => (a.id < b.id ? -1 : 1));

describeEachDatabase('the audit trail', (database) => {
  const start = useServers();
  let server: TestServer;
  let admin: AdminClient;
  beforeAll(async () => {
    server = await start({ database });
    ({ admin } = server);
  });

  const path = (project: string, environment = 'live') => `/api/projects/${project}/environments/${environment}/changes`;
  const page = async (project: string, query = '', environment = 'live') =>
    (await admin.call<Page>('GET', `${path(project, environment)}${query}`)).body;

  /** Every record, page by page. */
  async function trail(project: string, environment = 'live', limit = 50): Promise<ChangeRecord[]> {
    const records: ChangeRecord[] = [];
    for (let after: string | null = '0'; after !== null;) {
      const { items, next }: Page = await page(project, `?limit=${limit}&after=${after}`, environment);
      records.push(...items);
      after = next;
    }
    return records;
  }

  async function makeProject(key: string, environments = ['live']): Promise<{ project: string }> {
    await admin.createProject(key);
    for (const environment of environments) await admin.createEnvironment(environment, { project: key });
    return { project: key };
  }

  const newest = async (project: string) => (await trail(project)).at(-1);

  /** Applies what each change left behind, and checks that each found what the one before had left. */
  function replay(records: readonly ChangeRecord[]): Map<string, FlagDefinition> {
    const flags = new Map<string, FlagDefinition>();
    for (const { changes } of records) {
      for (const { flag, before, after } of changes) {
        expect(before).toEqual(flags.get(flag) ?? null);
        if (after === null) flags.delete(flag);
        else flags.set(flag, after);
      }
    }
    return flags;
  }

  async function served(project: string, environment = 'live'): Promise<FlagDefinition[]> {
    const poller = new EtagPoller({ url: server.url, key: (await admin.createKey(environment, 'server', {}, { project })).key });
    await poller.poll();
    return byId(poller.state.values());
  }

  it('of a new environment is empty', async () => {
    await makeProject('empty');
    expect(await page('empty')).toEqual({ items: [], next: null });
  });

  it('has each kind of change with its type, what was before and what came after', async () => {
    const project = await makeProject('kinds');
    const seen = async () => (await admin.getEnv('f', 'live', project)).body;
    const last = async () => {
      const record = await newest('kinds');
      expect(
        Object.keys(record ?? {})
          .sort()
          .join(),
      ).toBe(FIELDS);
      expect(record?.changes).toHaveLength(1);
      return record?.changes[0];
    };

    await admin.createFlag('f', { environments: { live: { status: 'enabled' } } }, project);
    const made = await seen();
    expect(await last()).toEqual({ flag: 'f', type: 'FlagCreated', before: null, after: made });

    await admin.patchEnv('f', 'live', { status: 'disabled' }, project);
    const killed = await seen();
    expect(await last()).toEqual({ flag: 'f', type: 'FlagStatusChanged', before: made, after: killed });

    await admin.patchEnv('f', 'live', { targeting: { if: [true, 'on', 'off'] } }, project);
    const ruled = await seen();
    expect(await last()).toEqual({ flag: 'f', type: 'FlagUpdated', before: killed, after: ruled });

    await admin.patchFlag('f', { name: 'Renamed', tags: ['t'], description: 'd', owner: 'o', critical: true }, project);
    const renamed = await seen();
    expect(await last()).toEqual({ flag: 'f', type: 'FlagUpdated', before: ruled, after: renamed });

    await admin.archive('f', project);
    expect(await last()).toEqual({ flag: 'f', type: 'FlagDeleted', before: renamed, after: null });

    await admin.restore('f', project);
    const restored = await seen();
    expect(await last()).toEqual({ flag: 'f', type: 'FlagCreated', before: null, after: restored });
    expect(restored.metadata.version).toBe(renamed.metadata.version + 2);

    expect((await trail('kinds')).map(({ revision }) => revision)).toEqual([1, 2, 3, 4, 5, 6]);
  });

  it('says who, when, at which cursor, and why', async () => {
    const project = await makeProject('who');
    const start = Date.now() - 1000;
    await admin.createFlag('f', {}, project);
    const named = { name: 'Ada Lövelace 👩‍💻', role: 'editor' };
    const { token } = (await admin.call<{ token: string }>('POST', '/api/tokens', named)).body;
    const ada = admin.as(token);
    const { cursor } = (await ada.changeSet('live', [{ flag: 'f', status: 'enabled' }], { comment: 'two\nlines', ...project }))
      .body;
    const { cursors } = await ada.patchEnv('f', 'live', { status: 'disabled' }, project);
    await ada.patchFlag('f', { name: 'By Ada' }, project);
    await ada.archive('f', project);
    await ada.restore('f', project);
    const records = await trail('who');
    expect(records.map(({ actor }) => actor)).toEqual(['FLAGWIRE_ADMIN_TOKEN', ...Array.from({ length: 5 }, () => named.name)]);
    expect(records.map(({ comment }) => comment)).toEqual([null, 'two\nlines', null, null, null, null]);
    expect([records[1]?.cursor, records[2]?.cursor]).toEqual([cursor, cursors['live']]);
    const times = records.map(({ time }) => Date.parse(time));
    expect(times).toEqual([...times].sort((a, b) => a - b));
    expect(times.every((time) => time >= start && time <= Date.now() + 1000)).toBe(true);
  });

  it('has one record for a change set of many flags, in the order of its entries', async () => {
    const project = await makeProject('sets');
    const ids = ['c', 'a', 'b'];
    for (const id of ids) await admin.createFlag(id, {}, project);
    await admin.changeSet(
      'live',
      ids.map((flag) => ({ flag, status: 'enabled' })),
      project,
    );
    expect((await newest('sets'))?.changes.map(({ flag }) => flag)).toEqual(ids);
    expect(await trail('sets')).toHaveLength(4);
  });

  it('has nothing of what changed nothing, of what was refused, and of keys and names', async () => {
    const project = await makeProject('quiet');
    await admin.createFlag('f', {}, project);
    const before = await trail('quiet');
    await admin.patchEnv('f', 'live', { status: 'disabled' }, project);
    await admin.changeSet('live', [{ flag: 'f', targeting: {} }], { ...project, comment: 'nothing' });
    await admin.patchFlag('f', { name: 'f' }, project);
    await admin.restore('f', project);
    await admin.request('PATCH', '/api/projects/quiet/flags/f/environments/live', { status: 'on' });
    await admin.request('PATCH', '/api/projects/quiet/flags/f/environments/live', { status: 'enabled' }, { 'If-Match': '"9"' });
    await admin.createKey('live', 'server', {}, project);
    await admin.request('PATCH', '/api/projects/quiet/environments/live', { name: 'Other' });
    expect(await trail('quiet')).toEqual(before);
  });

  it('of each environment is its own', async () => {
    const project = await makeProject('apart', ['live', 'test']);
    await admin.createFlag('f', {}, project);
    await admin.patchEnv('f', 'test', { status: 'enabled' }, project);
    await admin.patchFlag('f', { name: 'Both' }, project);
    const types = async (environment: string) =>
      (await trail('apart', environment)).map(({ revision, changes }) => [revision, changes[0]?.type]);
    const both = [
      [1, 'FlagCreated'],
      [2, 'FlagUpdated'],
    ];
    expect(await types('live')).toEqual(both);
    expect(await types('test')).toEqual([both[0], [2, 'FlagStatusChanged'], [3, 'FlagUpdated']]);
  });

  async function change(random: SeededRandom, ids: string[], project: { project: string }): Promise<void> {
    const id = random.pick(ids);
    const status = random.pick(['enabled', 'disabled', 'deprecated'] as const);
    const edit: EnvironmentEdit = {
      status,
      default_variant: random.pick(['on', 'off', null]),
      targeting: { if: [random.chance(0.5), 'on'] },
    };
    const set = random.shuffle(ids).slice(0, random.int(1, ids.length));
    const calls = [
      () => admin.patchEnv(id, 'live', { status }, project),
      () => admin.patchEnv(id, 'live', edit, project),
      () => admin.patchFlag(id, { name: random.text(5), tags: [random.text(3)] }, project),
      () =>
        admin.changeSet(
          'live',
          set.map((flag) => ({ flag, ...edit })),
          project,
        ),
      () => admin.archive(id, project),
      () => admin.restore(id, project),
    ];
    await random
      .pick(calls)()
      .catch((error: unknown) => {
        // Archived flags refuse most of it: that is no fault here.
        if (!(error instanceof UnexpectedAnswer && error.answer.status === 409)) throw error;
      });
  }

  it('replayed gives the flags that clients are served', async () => {
    await withSeed(async (random) => {
      const project = await makeProject('replayed');
      const ids = ['a', 'b', 'c', 'd'];
      for (const id of ids) await admin.createFlag(id, {}, project);
      for (let turn = 0; turn < 60; turn += 1) await change(random, ids, project);
      const records = await trail('replayed', 'live', 13);
      expect(records.map(({ revision }) => revision)).toEqual(records.map((_, index) => index + 1));
      expect(byId(replay(records).values())).toEqual(await served('replayed'));
      expect(new Set(records.map(({ cursor }) => cursor)).size).toBe(records.length);
    });
  });
});
