import { describe, expect, it } from '@jest/globals';
import { type Json } from '@flagwire/protocol/sync';
import { flag, liveLab, makeLab } from '../api/client-lab.fake.js';
import { type Decision, type EvaluationContext, type Evaluator } from './evaluator.js';
import { flagdEvaluator } from './flagd-evaluator.js';

const RULE = { if: [{ '==': [{ var: 'plan' }, 'pro'] }, 'on', null] };

async function detailsOf(fields: Parameters<typeof flag>[1], fallback: unknown, options = {}, context = {}) {
  const { client } = await liveLab([flag('a', fields)], options);
  return client.details('a', fallback, context);
}

describe('A flag without targeting', () => {
  it.each<[string, Json, unknown]>([
    ['boolean', true, false],
    ['string', 'blue', 'red'],
    ['number', 7, 0],
    ['object', { colour: 'blue' }, {}],
  ])('of type %s has the value of its default variant', async (type, value, fallback) => {
    const value_type = type as 'boolean';
    expect(await detailsOf({ value_type, variants: { x: value }, default_variant: 'x' }, fallback)).toEqual({
      ...{ value, variant: 'x', reason: 'STATIC', version: 1, revision: 1, age_ms: 0 },
    });
  });

  it('gives the fallback where it has no default variant, or is disabled', async () => {
    expect(await detailsOf({ default_variant: null }, true)).toMatchObject({ value: true, variant: null, reason: 'DEFAULT' });
    const disabled = await detailsOf({ status: 'disabled' }, false);
    expect(disabled).toEqual({ value: false, variant: null, reason: 'DISABLED', version: 1, revision: 1, age_ms: 0 });
  });

  it.each([['text'], [1], [{}], [null], [undefined], [() => true]])('gives a fallback of another type: %p', async (fallback) => {
    const details = await detailsOf({}, fallback);
    expect(details).toMatchObject({ reason: 'ERROR', error_code: 'TYPE_MISMATCH', version: 1 });
    expect(details.value).toBe(fallback);
  });

  it('gives the fallback where its variants are not what it says', async () => {
    expect(await detailsOf({ default_variant: 'neither' }, false)).toMatchObject({ value: false, error_code: 'PARSE_ERROR' });
    expect(await detailsOf({ default_variant: 'toString' }, false)).toMatchObject({ value: false, error_code: 'PARSE_ERROR' });
    expect(await detailsOf({ variants: { on: 'yes' } }, false)).toMatchObject({ value: false, error_code: 'TYPE_MISMATCH' });
  });

  it('gives an object that nobody can change for the others', async () => {
    const fields = { value_type: 'object' as const, variants: { on: { deep: { list: [1] } } } };
    const { client } = await liveLab([flag('a', fields)]);
    const value = client.value('a', { deep: { list: [0] } });
    expect(() => value.deep.list.push(2)).toThrow(TypeError);
    expect(client.value('a', {})).toEqual({ deep: { list: [1] } });
  });

  it('is not found by a name that it has not, whatever that is', async () => {
    const { client } = await liveLab([flag('a')]);
    for (const id of ['b', '', '__proto__', 'constructor', 'toString', null, undefined, 1, {}, Symbol('a'), new Proxy({}, {})]) {
      expect(client.details(id as string, 'text')).toMatchObject({ value: 'text', error_code: 'FLAG_NOT_FOUND', version: null });
      expect(client.definition(id as string)).toBeNull();
    }
    expect(client.definition('a')).toEqual(flag('a'));
  });

  it('is not ready before anything has come', () => {
    const { client } = makeLab();
    expect(client.details('a', 1)).toEqual({
      ...{ value: 1, variant: null, reason: 'ERROR', version: null, revision: null, age_ms: null },
      error_code: 'PROVIDER_NOT_READY',
    });
  });
});

describe('A deprecated flag', () => {
  it('is evaluated, and warned of once in a process, whoever asks', async () => {
    const warned: string[] = [];
    const warn = (message: string) => {
      warned.push(message);
      throw new Error('a logger that is broken');
    };
    for (const round of [1, 2]) {
      const { client } = await liveLab([flag('old', { status: 'deprecated' }), flag('new')], { warn });
      expect([round, client.value('old', false), client.value('old', false), client.value('new', false)]).toEqual([
        ...[round, true, true, true],
      ]);
    }
    expect(warned).toEqual(['the flag old is deprecated']);
  });
});

describe('A flag with targeting', () => {
  const evaluator = flagdEvaluator();

  it('gives the fallback without an evaluator, and says so', async () => {
    expect(await detailsOf({ targeting: RULE }, false)).toMatchObject({ value: false, error_code: 'EVALUATOR_MISSING' });
  });

  it('is decided as flagd decides it', async () => {
    const off = { targeting: RULE, default_variant: 'off' };
    const pro = await detailsOf(off, false, { evaluator }, { plan: 'pro' });
    expect(pro).toMatchObject({ value: true, variant: 'on', reason: 'TARGETING_MATCH' });
    const free = await detailsOf(off, true, { evaluator }, { plan: 'free' });
    expect(free).toMatchObject({ value: false, variant: 'off', reason: 'DEFAULT' });
    const none = await detailsOf({ targeting: RULE, default_variant: null }, true, { evaluator });
    expect(none).toMatchObject({ value: true, variant: null, reason: 'DEFAULT' });
  });

  it('is split by the targeting key, by the same hash as everywhere', async () => {
    const targeting = { fractional: [['on', 50], ['off', 50]] }; // prettier-ignore
    const { client } = await liveLab([flag('a', { targeting })], { evaluator });
    const all = Array.from({ length: 400 }, (_, user) => client.value('a', false, { targetingKey: `user-${user}` }));
    expect(all.filter(Boolean).length).toBeGreaterThan(150);
    expect(all.filter(Boolean).length).toBeLessThan(250);
    expect(client.value('a', false, { targetingKey: 'user-0' })).toBe(all[0]);
  });

  it('is decided anew when it changes, and as before by those who hold the earlier definition', async () => {
    const { client, change } = await liveLab([flag('a', { targeting: RULE })], { evaluator });
    expect(client.value('a', false, { plan: 'pro' })).toBe(true);
    change(2, { type: 'FlagUpdated', data: flag('a', { targeting: { if: [true, 'off'] } }, 2) });
    expect(client.value('a', true, { plan: 'pro' })).toBe(false);
  });

  it.each(['constructor', 'toString', 'valueOf', 'hasOwnProperty'])('may be called %s', async (id) => {
    const { client } = await liveLab([flag(id, { targeting: RULE })], { evaluator });
    expect(client.value(id, false, { plan: 'pro' })).toBe(true);
  });

  it.each<[string, object]>([
    ['a rule that decides for no variant', { if: [true, 'neither'] }],
    ['an operator that nobody knows', { nonsense: [1] }],
    ['a rule that names a part of every object', { var: '__proto__' }],
  ])('gives the fallback for %s', async (_what, targeting) => {
    const details = await detailsOf({ targeting: targeting as never }, false, { evaluator });
    expect([details.value, details.variant === null || details.variant === 'on']).toEqual([details.variant === 'on', true]);
  });

  it('never finds what a prototype lends, and what was sent under such a name', async () => {
    const targeting = { if: [{ '==': [{ var: 'email.trim.name' }, 'trim'] }, 'on', 'off'] };
    const { client } = await liveLab([flag('a', { targeting })], { evaluator });
    expect(client.details('a', false, { email: 'a@b.c' })).toMatchObject({ value: false, error_code: 'GENERAL' });
    expect(client.value('a', false, { email: { trim: { name: 'trim' } } })).toBe(true);
  });

  const loop: Record<string, unknown> = {};
  loop['plan'] = loop;
  const hostile: [string, unknown][] = [
    ['null', null],
    ['a text', 'pro'],
    ['a loop', loop],
    ['a getter that throws', Object.defineProperty({}, 'plan', { enumerable: true, get: () => never() })],
    ['a proxy that throws', new Proxy({}, { get: never, has: never, ownKeys: never, getOwnPropertyDescriptor: never })],
    ['a value that is no text', { plan: { toString: never, valueOf: never, [Symbol.toPrimitive]: never } }],
    ['a bigint', { plan: 1n }],
  ];
  it.each(hostile)('never throws, whoever it is evaluated for: %s', async (_what, context) => {
    const { client } = await liveLab([flag('a', { targeting: RULE, default_variant: 'off' })], { evaluator });
    expect(client.value('a', false, context as EvaluationContext)).toBe(false);
    expect(client.value('a', false, { plan: 'pro' })).toBe(true);
  });

  it('leaves every other object as it was, whatever the context is named', async () => {
    await detailsOf({ targeting: RULE }, false, { evaluator }, JSON.parse('{"__proto__": {"polluted": 1}}') as object);
    expect(Object.keys(Object.prototype)).toEqual([]);
    expect({}).not.toHaveProperty('polluted');
  });

  it('leaves the context as it was', async () => {
    const context = { plan: 'pro', list: [1] };
    await detailsOf({ targeting: RULE }, false, { evaluator }, Object.freeze(context));
    expect(context).toEqual({ plan: 'pro', list: [1] });
  });

  const broken: [string, Evaluator['evaluate']][] = [
    ['throws', never],
    ['decides nothing', () => undefined as unknown as Decision],
    ['answers a promise', () => Promise.resolve({ variant: 'on', reason: 'STATIC' }) as unknown as Decision],
    ['decides by a number', () => ({ variant: 1, reason: 'STATIC' }) as unknown as Decision],
    ['decides by what cannot be read', () => Object.defineProperty({}, 'variant', { get: never }) as Decision],
    ['changes the flag', (definition) => Object.assign(definition, { status: 'disabled' }) as unknown as Decision],
  ];
  it.each(broken)('gives the fallback where its evaluator %s', async (_what, evaluate) => {
    const { client } = await liveLab([flag('a', { targeting: RULE })], { evaluator: { evaluate } });
    expect(client.details('a', false)).toMatchObject({ value: false, variant: null, reason: 'ERROR' });
    expect(client.definition('a')?.status).toBe('enabled');
  });
});

function never(): never {
  throw new Error('hostile');
}
