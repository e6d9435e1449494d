import { beforeAll, expect, it } from '@jest/globals';
import { type AdminAnswer, type AdminClient } from '../support/admin-client.js';
import { parseCursor } from '../support/cursor.js';
import { EtagPoller } from '../support/poll-client.js';
import { type TestServer } from '../support/server.js';
import { SseProbe } from '../support/sse-client.js';
import { describeEachDatabase, useServers } from '../support/use-servers.js';
import { type FlagDefinition } from '../support/wire-types.js';

interface Environment {
  key: string;
  name: string;
  epoch: string;
  revision: number;
  cursor: string;
  created_at: string;
  updated_at: string;
}

const BASE = '/api/projects/default/environments';
const EPOCH = expect.stringMatching(/^[a-z0-9]{8}$/);
const pathsOf = ({ body }: AdminAnswer) => (body as { errors: { path: string }[] }).errors.map(({ path }) => path).sort();

describeEachDatabase('environments', (database) => {
  const start = useServers();
  let server: TestServer;
  let admin: AdminClient;
  beforeAll(async () => {
    server = await start({ database });
    ({ admin } = server);
  });

  const keys = async (query = '') =>
    (await admin.call<{ items: Environment[] }>('GET', `${BASE}${query}`)).body.items.map(({ key }) => key);

  async function flagsOf(environment: string, project = 'default'): Promise<FlagDefinition[]> {
    const poller = new EtagPoller({ url: server.url, key: (await admin.createKey(environment, 'server', {}, { project })).key });
    await poller.poll();
    return [...poller.state.values()];
  }

  it('start at revision 0 of an epoch of their own, with every flag disabled and nothing of its settings', async () => {
    const targeting = { if: [{ '==': [{ var: 'country' }, 'CH'] }, 'on', 'off'] };
    const enabled = { status: 'enabled', default_variant: 'on', targeting };
    await admin.createFlag('seeded', { environments: { production: enabled, staging: enabled }, tags: ['t'], owner: 'o' });
    await admin.createFlag('plain', { default_variant: null });
    await admin.createFlag('gone');
    await admin.archive('gone');
    await admin.createFlag('back');
    await admin.archive('back');

    const made = await admin.request('POST', BASE, { key: 'qa', name: 'QA' });
    expect(made).toMatchObject({ status: 201, headers: { location: `${BASE}/qa` } });
    const environment = made.body as Environment;
    expect(environment).toMatchObject({ key: 'qa', name: 'QA', revision: 0, epoch: EPOCH });
    expect(parseCursor(environment.cursor)).toMatchObject({ epoch: environment.epoch, revision: 0, filter: undefined });
    expect(made.cursors).toEqual({ qa: environment.cursor });
    const { items } = (await admin.call<{ items: Environment[] }>('GET', BASE)).body;
    expect(new Set(items.map(({ epoch }) => epoch)).size).toBe(items.length);

    const flags = await flagsOf('qa');
    expect(flags.map(({ id, status }) => [id, status]).sort()).toEqual([
      ['plain', 'disabled'],
      ['seeded', 'disabled'],
    ]);
    const seeded = flags.find(({ id }) => id === 'seeded');
    expect(seeded).toMatchObject({ default_variant: 'off', targeting: {}, metadata: { version: 1, tags: ['t'], owner: 'o' } });
    expect((await admin.getFlag('seeded')).body['environments']).toMatchObject({ qa: { status: 'disabled', version: 1 } });
    expect((await admin.changes('qa')).body.items).toEqual([]);

    // A flag that was archived when the environment was made comes to it with its restoration.
    const { cursors } = await admin.restore('back');
    expect(parseCursor(cursors['qa'] ?? '')).toMatchObject({ epoch: environment.epoch, revision: 1 });
    expect((await admin.getEnv('back', 'qa')).body).toMatchObject({ status: 'disabled', metadata: { version: 1 } });
  });

  it('are read by their keys, with where they stand', async () => {
    const { cursors } = await admin.patchEnv('seeded', 'staging', { status: 'disabled' });
    const answer = await admin.request('GET', `${BASE}/staging`);
    const { epoch, revision } = parseCursor(cursors['staging'] ?? '') ?? {};
    expect([answer.status, answer.body]).toMatchObject([200, { key: 'staging', epoch, revision, cursor: cursors['staging'] }]);
    expect(await admin.request('GET', `${BASE}/nowhere`)).toMatchObject({ status: 404, body: { code: 'environment_not_found' } });
  });

  it('are renamed, which makes no revision', async () => {
    const before = (await admin.getEnvironment('staging')).body as unknown as Environment;
    const renamed = await admin.request('PATCH', `${BASE}/staging`, { name: 'Stage' });
    const { cursor, revision, epoch } = before;
    expect([renamed.status, renamed.body]).toMatchObject([200, { name: 'Stage', cursor, revision, epoch }]);
    expect(renamed.cursors).toEqual({ staging: cursor });
    const refused = await admin.request('PATCH', `${BASE}/staging`, { key: 'stage', epoch: 'aaaaaaaa', name: '' });
    expect([refused.status, pathsOf(refused)]).toEqual([400, ['epoch', 'key', 'name']]);
    expect((await admin.call<Environment>('GET', `${BASE}/staging`)).body.name).toBe('Stage');
  });

  it('have one key each in their project', async () => {
    const taken = await admin.request('POST', BASE, { key: 'production', name: 'P' });
    expect(taken).toMatchObject({ status: 409, body: { code: 'environment_exists' } });
    await admin.createProject('other');
    expect((await admin.createEnvironment('production', { project: 'other' })).status).toBe(201);
    await admin.deleteProject('other');
  });

  it('are refused with every mistake at once', async () => {
    const answer = await admin.request('POST', BASE, { key: 'Not a key', name: '', revision: 7, epoch: 'aaaaaaaa' });
    expect([answer.status, pathsOf(answer)]).toEqual([400, ['epoch', 'key', 'name', 'revision']]);
    const none = await admin.request('POST', '/api/projects/nowhere/environments', { key: 'x', name: 'X' });
    expect(none).toMatchObject({ status: 404, body: { code: 'project_not_found' } });
  });

  it('may be called like a property of every object', async () => {
    for (const key of ['constructor', 'prototype', 'hasownproperty']) {
      const made = await admin.createEnvironment(key);
      expect(Object.keys(made.cursors)).toEqual([key]);
      const { cursors } = await admin.patchEnv('plain', key, { status: 'enabled' });
      expect(parseCursor(cursors[key] ?? '')?.revision).toBe(1);
      const { body } = await admin.getFlag('plain');
      expect(Object.entries(body['environments'] as object).find(([name]) => name === key)?.[1]).toMatchObject({
        status: 'enabled',
      });
      await admin.deleteEnvironment(key);
    }
  });

  it('are listed by key, in pages', async () => {
    const all = await keys();
    expect(all).toEqual([...all].sort());
    expect(await keys('?limit=2')).toEqual(all.slice(0, 2));
    const { next } = (await admin.call<{ next: string }>('GET', `${BASE}?limit=2`)).body;
    expect(await keys(`?after=${next}`)).toEqual(all.slice(2));
    expect((await admin.request('GET', `${BASE}?limit=1000`)).status).toBe(400);
  });

  it('end their streams when they are deleted, and nothing else', async () => {
    await admin.createEnvironment('short');
    const { key } = await admin.createKey('short');
    const { key: other } = await admin.createKey('production');
    const probes = [key, other].map((text) => SseProbe.connect({ url: server.url, key: text }));
    const [probe, bystander] = (await Promise.all(probes)) as [SseProbe, SseProbe];
    await Promise.all([probe.waitForSync(), bystander.waitForSync()]);

    const deleted = await admin.request('DELETE', `${BASE}/short`);
    expect([deleted.status, deleted.body]).toEqual([204, undefined]);
    expect(await probe.closed).toMatchObject({ by: 'server' });
    expect(probe.goodbye).toEqual({ reason: 'environment_deleted', retry_after_ms: null });
    probe.assertInOrder();
    expect(bystander.isOpen).toBe(true);
    await bystander.close();

    expect((await admin.request('GET', `${BASE}/short`)).status).toBe(404);
    const { body } = await admin.getFlag('plain');
    expect(Object.keys(body['environments'] as object)).not.toContain('short');
    await expect(SseProbe.connect({ url: server.url, key })).rejects.toMatchObject({ status: 401 });
    await expect(new EtagPoller({ url: server.url, key }).poll()).rejects.toMatchObject({ status: 401 });
  });

  it('end their streams when their project is deleted', async () => {
    await admin.createProject('brief');
    const places = ['one', 'two'];
    const probes: SseProbe[] = [];
    for (const place of places) {
      await admin.createEnvironment(place, { project: 'brief' });
      const { key } = await admin.createKey(place, 'server', {}, { project: 'brief' });
      probes.push(await SseProbe.connect({ url: server.url, key }));
    }
    await admin.createFlag('f', {}, { project: 'brief' });
    await Promise.all(probes.map((probe) => probe.waitForState((state) => state.has('f'))));
    expect((await admin.deleteProject('brief')).status).toBe(204);
    for (const probe of probes) {
      expect(await probe.closed).toMatchObject({ by: 'server' });
      expect(probe.goodbye).toEqual({ reason: 'environment_deleted', retry_after_ms: null });
    }
  });

  it('of a key that was used before have a new history: a cursor of the old one means a full sync', async () => {
    await admin.createEnvironment('again');
    const { cursors } = await admin.patchEnv('plain', 'again', { status: 'enabled' });
    const old = cursors['again'] ?? '';
    await admin.deleteEnvironment('again');
    const made = await admin.createEnvironment('again');
    expect(made.body.epoch).not.toBe(parseCursor(old)?.epoch);
    expect((await admin.changes('again')).body.items).toEqual([]);
    const { key } = await admin.createKey('again');
    const probe = await SseProbe.connect({ url: server.url, key, cursor: old });
    await probe.waitForSync();
    expect(probe.messages[0]).toMatchObject({ type: 'SyncStarted', data: { mode: 'full' } });
    expect(probe.state.get('plain')?.status).toBe('disabled');
    await probe.close();
  });
});
