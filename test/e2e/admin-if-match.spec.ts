import { beforeAll, beforeEach, expect, it } from '@jest/globals';
import { type AdminAnswer, type AdminClient } from '../support/admin-client.js';
import { describeEachDatabase, useServers } from '../support/use-servers.js';

const FLAGS = '/api/projects/default/flags';
const SETS = '/api/projects/default/environments/production/change-sets';

interface Route {
  name: string;
  method: string;
  path: (id: string) => string;
  body?: (id: string) => object;
  /** What names the present state, without its quotes. */
  tag: (admin: AdminClient, id: string) => Promise<string>;
  /** What the 412 shows of it. */
  current: (admin: AdminClient, id: string) => Promise<unknown>;
  succeeds: number;
}

const version = async (admin: AdminClient, id: string) => ((await admin.getFlag(id)).body as { version: number }).version;
const ofFlag = { tag: async (admin: AdminClient, id: string) => String(await version(admin, id)) };
const wholeFlag = async (admin: AdminClient, id: string) => (await admin.getFlag(id)).body;
const cursor = async (admin: AdminClient) => (await admin.getEnvironment('production')).body as unknown as { cursor: string };

const routes: Route[] = [
  {
    ...{ name: 'PATCH of a flag', method: 'PATCH', path: (id) => `${FLAGS}/${id}`, succeeds: 200 },
    ...{ body: () => ({ name: `Renamed ${Math.random()}` }), ...ofFlag, current: wholeFlag },
  },
  { name: 'DELETE of a flag', method: 'DELETE', path: (id) => `${FLAGS}/${id}`, succeeds: 204, ...ofFlag, current: wholeFlag },
  {
    ...{ name: 'the restoration of a flag', method: 'POST', path: (id) => `${FLAGS}/${id}/restore`, succeeds: 200 },
    ...{ ...ofFlag, current: wholeFlag },
  },
  {
    ...{ name: 'PATCH of a setting', method: 'PATCH', path: (id) => `${FLAGS}/${id}/environments/production`, succeeds: 200 },
    body: () => ({ status: 'enabled' }),
    tag: async (admin, id) => String((await admin.getEnv(id, 'production')).body.metadata.version),
    current: async (admin, id) => (await admin.getEnv(id, 'production')).body,
  },
  {
    ...{ name: 'a change set', method: 'POST', path: () => SETS, succeeds: 200 },
    body: (id) => ({ changes: [{ flag: id, status: 'enabled' }] }),
    tag: async (admin) => (await cursor(admin)).cursor,
    current: async (admin) => (await cursor(admin)).cursor,
  },
];

describeEachDatabase('If-Match', (database) => {
  const start = useServers();
  let admin: AdminClient;
  let id = '';
  let count = 0;
  beforeAll(async () => {
    ({ admin } = await start({ database }));
  });

  beforeEach(async () => {
    count += 1;
    id = `flag-${count}`;
    await admin.createFlag(id);
    // So that no version is 1, and that of the flag is not that of its setting.
    await admin.patchEnv(id, 'production', { status: 'deprecated' });
    for (const name of ['a', 'b', 'c']) await admin.patchFlag(id, { name });
  });

  const everything = async () => {
    const flag = await admin.getFlag(id);
    const environments = await Promise.all(['development', 'production', 'staging'].map((key) => admin.getEnvironment(key)));
    return [flag.body, ...environments.map(({ body }) => body)];
  };

  for (const route of routes) {
    const send = (ifMatch?: string): Promise<AdminAnswer> =>
      admin.request(route.method, route.path(id), route.body?.(id), ifMatch === undefined ? {} : { 'If-Match': ifMatch });

    it(`lets ${route.name} through with the present tag, in a list too, with *, and without the header`, async () => {
      const forms: ((tag: string) => string | undefined)[] = [
        () => undefined,
        (tag) => `"${tag}"`,
        (tag) => `"other", "${tag}"`,
        (tag) => `W/"7" ,, "a,b" ,"${tag}",`,
        () => '*',
      ];
      for (const form of forms) {
        const ifMatch = form(await route.tag(admin, id));
        expect([ifMatch, (await send(ifMatch)).status]).toEqual([ifMatch, route.succeeds]);
      }
    });

    it(`answers ${route.name} with 412 for any other tag, shows the present state, and writes nothing`, async () => {
      const before = await everything();
      const tag = await route.tag(admin, id);
      for (const ifMatch of ['"1"', '""', '"none"', `"${tag}0"`, `W/"${tag}"`, `"x", W/"${tag}"`, `"W/${tag}"`]) {
        const answer = await send(ifMatch);
        expect([ifMatch, answer.status, answer.body]).toMatchObject([ifMatch, 412, { code: 'version_conflict', status: 412 }]);
        expect((answer.body as { current: unknown }).current).toEqual(await route.current(admin, id));
        expect(answer.headers['content-type']).toBe('application/problem+json');
        expect(answer.headers.etag).toBeUndefined();
      }
      expect(await everything()).toEqual(before);
    });

    it(`refuses ${route.name} with 400 where the header is malformed`, async () => {
      const before = await everything();
      const tag = await route.tag(admin, id);
      for (const ifMatch of [
        tag,
        `"${tag}`,
        `${tag}"`,
        `"${tag}" "x"`,
        `"${tag}", *`,
        `*, "${tag}"`,
        `w/"${tag}"`,
        ',',
        `'${tag}'`,
      ]) {
        const answer = await send(ifMatch);
        expect([ifMatch, answer.status]).toEqual([ifMatch, 400]);
        expect((answer.body as { errors: { path: string }[] }).errors.map(({ path }) => path)).toEqual(['If-Match']);
      }
      expect(await everything()).toEqual(before);
    });

    it(`takes what has passed by as passed by: of two ${route.name} with one tag the second is 412`, async () => {
      const tag = await route.tag(admin, id);
      if (route.name === 'the restoration of a flag') await admin.archive(id);
      const now = route.name === 'the restoration of a flag' ? await route.tag(admin, id) : tag;
      expect((await send(`"${now}"`)).status).toBe(route.succeeds);
      expect((await send(`"${now}"`)).status).toBe(412);
    });
  }

  it('of an archived flag is looked at before that: whoever holds an old tag learns that it is old', async () => {
    await admin.archive(id);
    const patched = await admin.request('PATCH', `${FLAGS}/${id}`, { name: 'x' }, { 'If-Match': '"4"' });
    expect(patched).toMatchObject({ status: 412, body: { current: { archived_at: expect.any(String) as unknown, version: 5 } } });
  });

  it('a new tag is in the answer of every write, and the next write may use it', async () => {
    let answer = await admin.request('PATCH', `${FLAGS}/${id}`, { name: 'one' });
    for (const name of ['two', 'three']) {
      answer = await admin.request('PATCH', `${FLAGS}/${id}`, { name }, { 'If-Match': answer.headers.etag ?? '' });
      expect(answer).toMatchObject({ status: 200, body: { name } });
    }
    let setting = await admin.request('PATCH', `${FLAGS}/${id}/environments/staging`, { status: 'enabled' });
    for (const status of ['disabled', 'deprecated']) {
      const headers = { 'If-Match': setting.headers.etag ?? '' };
      setting = await admin.request('PATCH', `${FLAGS}/${id}/environments/staging`, { status }, headers);
      expect(setting).toMatchObject({ status: 200, body: { status } });
    }
  });
});
