import { beforeAll, expect, it } from '@jest/globals';
import { type AdminClient } from '../support/admin-client.js';
import { describeEachDatabase, useServers } from '../support/use-servers.js';
import { type FlagDefinition } from '../support/wire-types.js';
import { ownProject } from './support/own-project.js';

const QUERY = '?format=flagd&environment=live';

describeEachDatabase('an import of a flagd document', (database) => {
  const start = useServers();
  let admin: AdminClient;
  beforeAll(async () => {
    ({ admin } = await start({ database }));
  });

  async function make() {
    const options = await ownProject(admin, ['live', 'test']);
    const send = (document: object, query = QUERY) =>
      admin.request('POST', `/api/projects/${options.project}/import${query}`, document);
    const served = async (id: string, environment = 'live'): Promise<Partial<FlagDefinition>> => {
      const { name, status, value_type, default_variant, targeting } = (await admin.getEnv(id, environment, options)).body;
      return { name, status, value_type, default_variant, targeting };
    };
    return { options, send, served };
  }

  const onOff = { on: true, off: false };
  const pathsOf = ({ body }: { body: unknown }) => (body as { errors?: { path: string }[] }).errors?.map(({ path }) => path);

  it('gives the environment what flagd would serve, with types from the variants and names from the keys', async () => {
    const { send, served } = await make();
    const flags = {
      'a.boolean': { state: 'ENABLED', variants: onOff, defaultVariant: 'on', targeting: { if: [true, 'off'] } },
      text: { state: 'DISABLED', variants: { x: 'y' }, defaultVariant: 'x', metadata: { team: 'web' } },
      number: { state: 'ENABLED', variants: { a: 1, b: 2.5 }, defaultVariant: null, targeting: {} },
      object: { state: 'ENABLED', variants: { a: { b: [1] } } },
    };
    const $schema = 'https://flagd.dev/schema/v0/flags.json';
    const answer = await send({ $schema, metadata: { version: 'v1' }, flags });
    expect(answer).toMatchObject({
      status: 200,
      body: { flags: { created: 4 }, revision: 1, cursor: answer.cursors['live'], environments: { test: { revision: 1 } } },
    });
    expect((answer.body as { changes: unknown[] }).changes).toHaveLength(4);
    expect(await served('a.boolean')).toEqual({
      ...{ name: 'a.boolean', status: 'enabled', value_type: 'boolean', default_variant: 'on' },
      targeting: { if: [true, 'off'] },
    });
    expect(await served('text')).toMatchObject({ status: 'disabled', value_type: 'string', default_variant: 'x' });
    expect(await served('number')).toMatchObject({ value_type: 'number', default_variant: null, targeting: {} });
    expect(await served('object')).toMatchObject({ value_type: 'object', default_variant: null });
    // It tells of one environment.
    expect(await served('a.boolean', 'test')).toMatchObject({ status: 'disabled', targeting: {} });
  });

  it('of flags that are there leaves names and other environments alone, and goes on to inherit a default that is right', async () => {
    const { options, send, served } = await make();
    const both = { live: { status: 'deprecated' }, test: { status: 'enabled', targeting: { if: [true, 'on'] } } };
    await admin.createFlag('same', { name: 'A name', owner: 'me', environments: both }, options);
    await admin.createFlag('other', { environments: both }, options);
    const flags = [
      { key: 'same', state: 'ENABLED', variants: onOff, defaultVariant: 'off' },
      { key: 'other', state: 'ENABLED', variants: onOff, defaultVariant: 'on' },
    ];
    expect(await send({ flags })).toMatchObject({
      status: 200,
      body: { flags: { updated: 2 }, environments: { test: { changes: [] } } },
    });
    expect(await served('same')).toMatchObject({ name: 'A name', status: 'enabled', default_variant: 'off' });
    expect(await served('same', 'test')).toMatchObject({ status: 'enabled', targeting: { if: [true, 'on'] } });
    const settings = async (id: string) => (await admin.getFlag(id, options)).body['environments'];
    expect(await settings('same')).not.toHaveProperty('live.default_variant');
    expect(await settings('other')).toHaveProperty('live.default_variant', 'on');
    expect(await send({ flags })).toMatchObject({ status: 200, body: { flags: { unchanged: 2 }, changes: [] } });
  });

  it('puts the rules of $evaluators where $ref names them', async () => {
    const { send, served } = await make();
    const flag = { state: 'ENABLED', variants: onOff, defaultVariant: 'off' };
    const $evaluators = {
      staff: { ends_with: [{ var: 'email' }, '@example.com'] },
      'of staff in Rome': { and: [{ $ref: 'staff' }, { '==': [{ var: 'city' }, 'Rome'] }] },
      whole: { if: [{ $ref: 'of staff in Rome' }, 'on'] },
    };
    const flags = {
      inside: { ...flag, targeting: { if: [{ $ref: 'staff' }, 'on', 'off'] } },
      whole: { ...flag, targeting: { $ref: 'whole' } },
    };
    expect(await send({ $evaluators, flags })).toMatchObject({ status: 200 });
    const rome = { and: [$evaluators.staff, { '==': [{ var: 'city' }, 'Rome'] }] };
    expect((await served('inside')).targeting).toEqual({ if: [$evaluators.staff, 'on', 'off'] });
    expect((await served('whole')).targeting).toEqual({ if: [rome, 'on'] });
  });

  it('is refused whole, with every mistake named by its place in that document', async () => {
    const { options, send } = await make();
    await admin.createFlag('there', {}, options);
    const good = { state: 'ENABLED', variants: onOff, defaultVariant: 'on' };
    const answer = await send({
      ...{ extra: 1, $evaluators: { loop: { '!': [{ $ref: 'back' }] }, back: { $ref: 'loop' } } },
      flags: {
        good,
        'a b': good,
        there: { state: 'ENABLED', variants: { a: 'text' } },
        mixed: { ...good, variants: { on: true, off: 'no' } },
        none: { ...good, variants: {} },
        state: { ...good, state: 'on', default_variant: 'on' },
        default: { ...good, defaultVariant: 'neither' },
        rule: { ...good, targeting: { if: [true, 'neither'] } },
        lost: { ...good, targeting: { if: [{ $ref: 'nowhere' }, 'on'] } },
        looped: { ...good, targeting: { if: [{ $ref: 'loop' }, 'on'] } },
        beside: { ...good, targeting: { if: [{ $ref: 'loop', more: 1 }, 'on'] } },
      },
    });
    expect(answer).toMatchObject({ status: 400, body: { code: 'invalid_input' } });
    const paths = pathsOf(answer) ?? [];
    for (const wanted of [
      ...['extra', 'flags["a b"]', 'flags.there.variants', 'flags.mixed.variants', 'flags.none.variants', 'flags.state.state'],
      ...['flags.state.default_variant', 'flags.default.defaultVariant', 'flags.rule.targeting.if[1]'],
      ...['flags.lost.targeting.if[0].$ref', 'flags.looped.targeting.if[0].![0].$ref.$ref', 'flags.beside.targeting.if[0].$ref'],
    ]) {
      expect(paths.some((path) => path === wanted || path.startsWith(wanted.replace('.$ref.$ref', '')))).toBe(true);
    }
    expect(paths.some((path) => path.startsWith('flags.good'))).toBe(false);
    expect(await admin.request('GET', `/api/projects/${options.project}/flags/good`)).toMatchObject({ status: 404 });
    expect(pathsOf(await send({ flags: {} }, '?format=flagd&environment=nowhere'))).toEqual(['environment']);
    const twice = [{ key: 'a', ...good }, { key: 'a', ...good }, good];
    expect(pathsOf(await send({ flags: twice }))).toEqual(['flags[1].key', 'flags[2].key']);
  });

  it('is not blown up by rules that name each other', async () => {
    const { send } = await make();
    const double = (name: string) => ({ and: Array.from({ length: 40 }, () => ({ $ref: name })) });
    const $evaluators = { a: double('b'), b: double('c'), c: double('d'), d: double('e'), e: double('f'), f: { var: 'x' } };
    const flags = { big: { state: 'ENABLED', variants: onOff, targeting: { if: [{ $ref: 'a' }, 'on'] } } };
    expect(await send({ $evaluators, flags })).toMatchObject({ status: 400, body: { code: 'invalid_input' } });
  });

  it('cannot grow by one long rule in many places either: what it comes to counts, not what it has', async () => {
    const { send } = await make();
    const $evaluators = { long: { and: Array.from({ length: 12_000 }, () => true) } };
    const targeting = { or: Array.from({ length: 900 }, () => ({ $ref: 'long' })) };
    const flag = { state: 'ENABLED', variants: onOff, targeting };
    const flags = Object.fromEntries(Array.from({ length: 40 }, (_, index) => [`f${index}`, flag]));
    const answer = await send({ $evaluators, flags });
    expect(answer).toMatchObject({ status: 400, body: { code: 'invalid_input' } });
    const messages = JSON.stringify(answer.body);
    expect(messages).toContain('is where the targeting comes to more than 32768 values with the rules of $evaluators put in');
    expect(messages).toContain('is where the document comes to more than 1048576 values with the rules of $evaluators put in');
  });
});
