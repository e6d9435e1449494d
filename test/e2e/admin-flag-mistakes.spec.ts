import { beforeAll, expect, it } from '@jest/globals';
import { type AdminAnswer, type AdminClient } from '../support/admin-client.js';
import { describeEachDatabase, useServers } from '../support/use-servers.js';

const FLAGS = '/api/projects/default/flags';
const plain = { id: 'wrong', name: 'Wrong', value_type: 'boolean', variants: { on: true, off: false } };
const mistakesOf = ({ body }: AdminAnswer) => (body as { errors: { path: string; message: string }[] }).errors;
const pathsOf = (answer: AdminAnswer) => mistakesOf(answer).map(({ path }) => path);

describeEachDatabase('mistakes in a flag', (database) => {
  const start = useServers();
  let admin: AdminClient;
  beforeAll(async () => {
    ({ admin } = await start({ database }));
    await admin.createFlag('right');
  });

  const create = (body: unknown) => admin.request('POST', FLAGS, body);

  /** Refused as a whole, for these fields alone, and nothing was written. */
  async function expectRefused(answer: AdminAnswer, paths: readonly string[]): Promise<void> {
    expect(answer.headers['content-type']).toBe('application/problem+json');
    expect(answer).toMatchObject({ status: 400, body: { status: 400, code: 'invalid_input', title: 'Bad Request' } });
    expect(answer.body).toMatchObject({ type: expect.any(String) as unknown, detail: expect.any(String) as unknown });
    expect([...new Set(pathsOf(answer))].sort()).toEqual([...paths].sort());
    for (const { message } of mistakesOf(answer)) expect(message).toMatch(/\w{2}/);
    const { items } = (await admin.call<{ items: { id: string }[] }>('GET', FLAGS)).body;
    expect(items.map(({ id }) => id)).toEqual(['right']);
    expect((await admin.getEnvironment('production')).body.revision).toBe(1);
  }

  it('are all named at once, each of them once', async () => {
    const answer = await create({
      id: '-starts-wrong',
      name: '',
      value_type: 'boolean',
      variants: { on: 'true', off: false },
      default_variant: 'maybe',
      tags: ['a', 7],
      colour: 'red',
      environments: { production: { status: 'live' }, nowhere: { status: 'enabled' } },
    });
    const paths = ['id', 'name', 'variants.on', 'default_variant', 'tags', 'colour', 'environments.production.status'];
    await expectRefused(answer, [...paths, 'environments.nowhere']);
    expect(pathsOf(answer)).toHaveLength(8);
  });

  it('are found in every part of the settings of every environment', async () => {
    const production = { status: null, default_variant: 7, targeting: [], more: 1 };
    const staging = { default_variant: 'other', targeting: { if: [{ nonsense: [1] }, 'on', 'off'] } };
    const answer = await create({ ...plain, environments: { production, staging, development: 'enabled' } });
    const at = (environment: string, ...fields: string[]) => fields.map((field) => `environments.${environment}.${field}`);
    const found = [...new Set(pathsOf(answer).map((path) => path.replace(/targeting\..*/, 'targeting')))];
    expect(found.sort()).toEqual(
      [
        ...at('production', 'status', 'default_variant', 'targeting', 'more'),
        ...at('staging', 'default_variant', 'targeting'),
        'environments.development',
      ].sort(),
    );
    expect(answer.status).toBe(400);
  });

  it.each([
    [{}, ['id', 'name', 'value_type', 'variants']],
    [{ id: null, name: null, value_type: null, variants: null }, ['id', 'name', 'value_type', 'variants']],
    [{ ...plain, id: 7, name: {}, value_type: 'bool', variants: [] }, ['id', 'name', 'value_type', 'variants']],
    [{ ...plain, variants: {} }, ['variants']],
    [{ ...plain, variants: { '': true } }, ['variants[""]']],
    [{ ...plain, description: 7, owner: 7, critical: 'yes', tags: 'a' }, ['description', 'owner', 'critical', 'tags']],
    [
      { ...plain, description: 'a\u0000b', owner: 'a\u0000b', name: 'a\u0000b', tags: ['a\u0000b'] },
      ['description', 'owner', 'name', 'tags'],
    ],
    [{ ...plain, tags: ['a', 'a'] }, ['tags']],
    [{ ...plain, tags: Array.from({ length: 51 }, (_, index) => String(index)) }, ['tags']],
    [
      { ...plain, description: 'x'.repeat(4097), name: 'x'.repeat(257), owner: 'x'.repeat(257) },
      ['description', 'name', 'owner'],
    ],
    [{ ...plain, environments: [] }, ['environments']],
    [{ ...plain, environments: null }, ['environments']],
    [{ ...plain, archived: true, version: 3, metadata: {}, status: 'enabled' }, ['archived', 'version', 'metadata', 'status']],
    [{ ...plain, value_type: 'number', variants: { on: 1, off: '2', none: null } }, ['variants.off', 'variants.none']],
    [
      { ...plain, value_type: 'string', variants: { on: 'a', off: 1 }, default_variant: 'gone' },
      ['variants.off', 'default_variant'],
    ],
    [{ ...plain, value_type: 'object', variants: { on: {}, off: [], none: null } }, ['variants.off', 'variants.none']],
    [{ ...plain, value_type: 'object', variants: { on: { a: { constructor: 1 } } } }, ['variants.on.a.constructor']],
  ])('are refused, and nothing is written (%#)', async (body, paths) => {
    await expectRefused(await create(body), paths);
  });

  it.each([[[]], ['a text'], [7], [null], [true]])('a body that is %j is no flag', async (body) => {
    const answer = await create(JSON.stringify(body));
    expect(answer.status).toBe(400);
    expect((await admin.request('PATCH', `${FLAGS}/right`, JSON.stringify(body))).status).toBe(400);
    const settings = await admin.request('PATCH', `${FLAGS}/right/environments/production`, JSON.stringify(body));
    expect(settings.status).toBe(400);
  });

  it.each(['', ' ', 'a b', 'ä', '.hidden', '_x', '-x', 'a/b', 'a'.repeat(129), 'a\n', 'a\u0000'])(
    'the id %j is refused',
    async (id) => {
      await expectRefused(await create({ ...plain, id }), ['id']);
    },
  );

  it.each(['__proto__', 'constructor', 'toString', 'hasOwnProperty', 'valueOf', '__defineGetter__'])(
    'the name %j, which every object answers to, is neither an id nor a variant',
    async (name) => {
      // As text: a literal would set the prototype.
      const variants = `{${JSON.stringify(name)}: true, "off": false}`;
      const asVariant = await create(JSON.stringify({ ...plain, variants: 0 }).replace('"variants":0', `"variants":${variants}`));
      await expectRefused(asVariant, [`variants.${name}`]);
      const edited = await admin.request('PATCH', `${FLAGS}/right`, `{"variants": ${variants}}`);
      expect([edited.status, pathsOf(edited)]).toEqual([400, expect.arrayContaining([`variants.${name}`])]);
      if (name !== '__defineGetter__' && name !== '__proto__') await expectRefused(await create({ ...plain, id: name }), ['id']);
    },
  );

  it('a field called like a property of every object is an unknown field', async () => {
    for (const name of ['__proto__', 'constructor', 'toString']) {
      const text = JSON.stringify(plain).replace('{', `{${JSON.stringify(name)}: {"critical": true}, `);
      await expectRefused(await create(text), [name]);
      const edited = await admin.request('PATCH', `${FLAGS}/right`, `{"${name}": {}}`);
      expect([edited.status, pathsOf(edited)]).toEqual([400, [name]]);
    }
    const environments = JSON.stringify({ ...plain, environments: 0 }).replace(':0}', ':{"__proto__": {"status": "enabled"}}}');
    await expectRefused(await create(environments), ['environments.__proto__']);
  });

  it('of an edit are all named at once as well', async () => {
    const answer = await admin.request('PATCH', `${FLAGS}/right`, {
      name: 7,
      description: 7,
      variants: { on: 'x' },
      default_variant: 'gone',
      tags: {},
      owner: 7,
      critical: 7,
      value_type: 'string',
    });
    const all = ['name', 'description', 'variants.on', 'default_variant', 'tags', 'owner', 'critical', 'value_type'];
    await expectRefused(answer, all);
    expect(pathsOf(answer)).toHaveLength(8);
  });

  it('beyond fifty are counted', async () => {
    const variants = Object.fromEntries(Array.from({ length: 90 }, (_, index) => [`v${index}`, 'no boolean']));
    const answer = await create({ ...plain, variants });
    expect(answer.status).toBe(400);
    expect(mistakesOf(answer).length).toBeLessThanOrEqual(51);
    expect(mistakesOf(answer).at(-1)?.message).toMatch(/40 more/);
  });

  it('are told before the id is found to be taken', async () => {
    const answer = await create({ ...plain, id: 'right', variants: {} });
    await expectRefused(answer, ['variants']);
  });

  it('what has none is taken, up to the limits', async () => {
    const id = `a${'.'.repeat(127)}`;
    const variants = Object.fromEntries(Array.from({ length: 100 }, (_, index) => [`${index}${'v'.repeat(100)}`, index]));
    const tags = Array.from({ length: 50 }, (_, index) => `${index}`.padEnd(64, 'x'));
    const most = { name: '👍'.repeat(256), description: 'x'.repeat(4096), owner: 'o'.repeat(256), tags };
    const made = await create({ id, ...most, value_type: 'number', variants });
    expect(made).toMatchObject({ status: 201, body: { id, ...most, variants } });
    const one = await create({ id: '0', name: ' x', value_type: 'number', variants: { '0': -0, ' ': 1e300 } });
    expect(one).toMatchObject({ status: 201, body: { variants: { '0': 0, ' ': 1e300 } } });
  });
});
