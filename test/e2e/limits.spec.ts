import { beforeAll, expect, it } from '@jest/globals';
import { type AdminAnswer, type AdminClient } from '../support/admin-client.js';
import { type TestServer } from '../support/server.js';
import { describeEachDatabase, useServers } from '../support/use-servers.js';
import { everything } from './support/hostile.js';
import { metric } from './support/metrics.js';

const KIB = 1024;
const MOST_FLAGS = 20;
const FLAGS = '/api/projects/default/flags';
const IMPORT = '/api/projects/default/import';

const times = <T>(count: number, make: (index: number) => T): T[] => Array.from({ length: count }, (_, index) => make(index));
/** A text that is a JSON value of so many bytes. */
const text = (bytes: number) => 'x'.repeat(bytes - 2);
const flag = (fields: object) => ({
  ...{ id: 'limited', name: 'Limited', value_type: 'boolean', variants: { on: true, off: false } },
  ...fields,
});
const variants = (count: number) => Object.fromEntries(times(count, (index) => [`v${index}`, index]));
/** Targeting that is JSON of so many bytes. */
function wide(bytes: number): object {
  const around = JSON.stringify({ '==': ['', 'a'] }).length;
  return { if: [{ '==': [text(bytes - around - JSON.stringify({ if: [0, 'on'] }).length + 3), 'a'] }, 'on'] };
}
/** Targeting of so many objects and lists inside each other. */
function deep(levels: number): object {
  let rule: unknown = true;
  for (let level = 2; level < levels; level += 2) rule = { '!': [rule] };
  return { if: [rule, 'on'] };
}

/** What a flag may have, where the mistake is, and what is one too many. */
const OF_FLAGS: [string, string, object, object][] = [
  ['50 tags', 'tags', { tags: times(50, String) }, { tags: times(51, String) }],
  ['tags of 64 characters', 'tags', { tags: ['t'.repeat(64)] }, { tags: ['t'.repeat(65)] }],
  [
    '100 variants',
    'variants',
    { value_type: 'number', variants: variants(100) },
    { value_type: 'number', variants: variants(101) },
  ],
  [
    'values of 64 KiB',
    'variants.a',
    { value_type: 'string', variants: { a: text(64 * KIB) } },
    { value_type: 'string', variants: { a: text(64 * KIB + 1) } },
  ],
  ['a description of 4 KiB', 'description', { description: 'd'.repeat(4 * KIB) }, { description: 'd'.repeat(4 * KIB + 1) }],
];

const OF_TARGETING: [string, object, object][] = [
  ['64 KiB', wide(64 * KIB), wide(64 * KIB + 1)],
  ['32 levels', deep(32), deep(33)],
];

describeEachDatabase('a flag', (database) => {
  const start = useServers();
  let server: TestServer;
  let admin: AdminClient;
  beforeAll(async () => {
    server = await start({ database, env: { FLAGWIRE_MAX_FLAGS: String(MOST_FLAGS) } });
    ({ admin } = server);
    await admin.createFlag('there');
  });

  let made = 0;
  const create = (fields: object) => admin.request('POST', FLAGS, flag({ id: `f${++made}`, ...fields }));
  const edit = (fields: object) => admin.request('PATCH', `${FLAGS}/there`, fields);
  const bring = (...flags: object[]) =>
    admin.request('POST', `${IMPORT}?dry_run=true`, { format: 'flagwire', version: 1, flags });
  const bringFlagd = (fields: object) => {
    const limited = { state: 'ENABLED', variants: { on: true, off: false }, ...fields };
    return admin.request('POST', `${IMPORT}?dry_run=true&format=flagd&environment=staging`, { flags: { limited } });
  };

  /** Refused, at this place alone, counted, and nothing was written. */
  async function expectRefused(
    send: () => Promise<AdminAnswer>,
    path: string,
    code = 'invalid_input',
    status = 400,
  ): Promise<void> {
    const before = await everything(admin);
    const counted = () => metric(server, `flagwire_refused_requests_total{code="${code}"}`).catch(() => 0);
    const count = await counted();
    const { body, ...answer } = await send();
    expect([answer.status, (body as { code: string }).code]).toEqual([status, code]);
    const { errors = [] } = body as { errors?: { path: string }[] };
    expect(errors.map((mistake) => mistake.path)).toEqual(path === '' ? [] : [path]);
    expect(await counted()).toBe(count + 1);
    expect(await everything(admin)).toEqual(before);
  }

  it.each(OF_FLAGS)('may have %s, and no more, by every route', async (_, path, fits, over) => {
    expect(await bring(flag(fits))).toMatchObject({ status: 200 });
    expect(await create(fits)).toMatchObject({ status: 201 });
    await expectRefused(() => create(over), path);
    await expectRefused(() => bring(flag(over)), `flags[0].${path}`);
    if ('value_type' in over)
      await expectRefused(() => bringFlagd({ variants: (over as { variants?: object }).variants }), `flags.limited.${path}`);
    else await expectRefused(() => edit(over), path);
  });

  it.each(OF_TARGETING)('may have targeting of %s, and no more, by every route', async (_, fits, over) => {
    const settings = `${FLAGS}/there/environments/staging`;
    const sets = '/api/projects/default/environments/staging/change-sets';
    const at = (targeting: object) => ({ environments: { staging: { targeting } } });
    expect(await bring(flag(at(fits)))).toMatchObject({ status: 200 });
    expect(await create(at(fits))).toMatchObject({ status: 201 });
    expect(await admin.request('PATCH', settings, { targeting: fits })).toMatchObject({ status: 200 });
    const isRefused = async (send: () => Promise<AdminAnswer>) => {
      const before = await everything(admin);
      const { status, body } = await send();
      const [first] = (body as { errors?: { path: string }[] }).errors ?? [];
      expect(first?.path).toContain('targeting');
      expect(status).toBe(400);
      expect(await everything(admin)).toEqual(before);
    };
    await isRefused(() => create(at(over)));
    await isRefused(() => bring(flag(at(over))));
    await isRefused(() => bringFlagd({ targeting: over }));
    await isRefused(() => admin.request('PATCH', settings, { targeting: over }));
    await isRefused(() => admin.request('POST', sets, { changes: [{ flag: 'there', targeting: over }] }));
  });

  it('may be one of a thousand changes, and of no more', async () => {
    const changes = times(1001, () => ({ flag: 'there' }));
    const path = '/api/projects/default/environments/staging/change-sets';
    await expectRefused(() => admin.request('POST', path, { changes }), 'changes');
  });

  it('may be one of a hundred entries of a filter, and of no more', async () => {
    const { key } = await admin.createKey('staging');
    const client = admin.as(key);
    const filter = (count: number) => times(count, (index) => `f${index}`).join(',');
    expect((await client.request('GET', `/sdk/poll?flags=${filter(100)}`)).status).toBe(200);
    for (const path of ['/sdk/poll', '/sdk/stream']) {
      const { status, body } = await client.request('GET', `${path}?flags=${filter(101)}`);
      expect([path, status]).toEqual([path, 400]);
      expect((body as { detail: string }).detail).toContain('100');
    }
    expect((await client.request('POST', '/sdk/ticket', { flags: filter(101).split(',') })).status).toBe(400);
  });

  it('may be one of as many as FLAGWIRE_MAX_FLAGS says, by every route that makes some', async () => {
    const { items } = (await admin.call<{ items: object[] }>('GET', `${FLAGS}?limit=100`)).body;
    const room = MOST_FLAGS - items.length;
    expect(room).toBeGreaterThan(0);
    const more = (count: number) => times(count, (index) => flag({ id: `more${index}` }));
    await expectRefused(() => bring(...more(room + 1)), '', 'too_many_flags', 409);
    expect(await admin.request('POST', IMPORT, { format: 'flagwire', version: 1, flags: more(room) })).toMatchObject({
      status: 200,
    });
    await expectRefused(() => create({}), '', 'too_many_flags', 409);
    await expectRefused(() => bringFlagd({}), '', 'too_many_flags', 409);
    // What is there may be brought again.
    expect(await bring(...more(room))).toMatchObject({ status: 200 });
  });
});
