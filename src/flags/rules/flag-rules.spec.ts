import { describe, expect, it } from '@jest/globals';
import { checkDefaultVariant, checkFlagId, checkVariants } from './flag-rules.js';

const PROTOTYPE_NAMES = [...Object.getOwnPropertyNames(Object.prototype), 'prototype'];

describe("a flag's id", () => {
  it.each(['a', '7', 'checkout.new-flow', 'A_b.C-9', 'x'.repeat(128)])('may be %s', (id) => {
    expect(checkFlagId(id)).toEqual([]);
  });

  it.each(['', '.a', '-a', '_a', 'a b', 'a/b', 'ä', 'a\n', 'x'.repeat(129)])('may not be %j', (id) => {
    expect(checkFlagId(id)).toEqual([{ path: 'id', message: expect.stringContaining('1 to 128') }]);
  });

  it.each(PROTOTYPE_NAMES)('may not be %s, which every object answers to', (id) => {
    const mistakes = checkFlagId(id, 'flags[2].id');
    expect(mistakes).toEqual([{ path: 'flags[2].id', message: expect.stringContaining('not allowed') }]);
  });

  it('may contain such a name', () => {
    expect(checkFlagId('constructor.name')).toEqual([]);
  });
});

describe("a flag's variants", () => {
  it.each([
    ['boolean', { on: true, off: false }],
    ['string', { a: '', b: 'text', 'a b.c': 'odd names are allowed' }],
    ['number', { none: 0, some: -1.5, many: 1e300 }],
    ['object', { empty: {}, full: { a: [1, { b: null }] } }],
  ] as const)('of type %s may be %j', (valueType, variants) => {
    expect(checkVariants(valueType, variants)).toEqual([]);
  });

  it.each([
    ['boolean', 'true'],
    ['boolean', null],
    ['string', 1],
    ['string', ['a']],
    ['number', '1'],
    ['number', Number.NaN],
    ['number', Number.POSITIVE_INFINITY],
    ['object', [1]],
    ['object', null],
    ['object', 'text'],
    ['object', new Date(0)],
  ] as const)('of type %s may not have the value %j', (valueType, value) => {
    expect(checkVariants(valueType, { bad: value })).toEqual([
      { path: 'variants.bad', message: expect.stringContaining(`value_type is ${valueType}`) },
    ]);
  });

  it.each([[undefined], [null], ['on'], [[true]], [7], [new Map([['on', true]])]])(
    'are an object of names and values, not %p',
    (variants) => {
      expect(checkVariants('boolean', variants, 'flag.variants')).toEqual([
        { path: 'flag.variants', message: expect.stringContaining('must be an object') },
      ]);
    },
  );

  it('are 1 to 100', () => {
    const many = (count: number): unknown =>
      Object.fromEntries(Array.from({ length: count }, (_, index) => [`v${index}`, index]));
    expect(checkVariants('number', many(0))).toEqual([{ path: 'variants', message: expect.stringContaining('at least one') }]);
    expect(checkVariants('number', many(100))).toEqual([]);
    expect(checkVariants('number', many(101))).toEqual([{ path: 'variants', message: expect.stringContaining('101 variants') }]);
  });

  it.each(PROTOTYPE_NAMES)('may not be named %s', (name) => {
    const variants: unknown = JSON.parse(`{"${name}": true}`);
    expect(checkVariants('boolean', variants)).toEqual([
      { path: `variants.${name}`, message: expect.stringContaining('not allowed') },
    ]);
  });

  it.each(['', 'a\u0000b', 'tab\t', 'c1\u0085', '\ufeffon', 'half\ud83d', 'x'.repeat(129), 'x'.repeat(100_000)])(
    'may not have the name %j',
    (name) => {
      expect(checkVariants('boolean', { [name]: true })).toHaveLength(1);
    },
  );

  it('counts characters of a name, not halves of them', () => {
    expect(checkVariants('boolean', { ['😀'.repeat(128)]: true })).toEqual([]);
    expect(checkVariants('boolean', { ['😀'.repeat(129)]: true })).toHaveLength(1);
  });

  it('may have a value of 64 KiB of JSON and not one byte more', () => {
    expect(checkVariants('string', { a: 'x'.repeat(65_534) })).toEqual([]);
    expect(checkVariants('string', { a: 'x'.repeat(65_535) })).toEqual([
      { path: 'variants.a', message: expect.stringContaining('65537 bytes') },
    ]);
    expect(checkVariants('object', { a: { b: 'ä'.repeat(40_000) } })).toHaveLength(1);
  });

  it('may have a value 32 levels deep, not 33, and not 100,000', () => {
    const deep = (levels: number): unknown => JSON.parse(`${'{"a":'.repeat(levels)}1${'}'.repeat(levels)}`);
    expect(checkVariants('object', { v: deep(32) })).toEqual([]);
    expect(checkVariants('object', { v: deep(33) })).toEqual([
      { path: `variants.v${'.a'.repeat(32)}`, message: expect.stringContaining('too deep') },
    ]);
    expect(checkVariants('object', { v: deep(100_000) })).toHaveLength(1);
  });

  it('may not have a forbidden key anywhere in a value', () => {
    const variants: unknown = JSON.parse(
      '{"v": {"a": [{"__proto__": {"admin": true}}], "constructor": 1, "b": {"prototype": {}}, "toString": "is fine"}}',
    );
    expect(checkVariants('object', variants).map(({ path }) => path)).toEqual([
      'variants.v.a[0].__proto__',
      'variants.v.b.prototype',
      'variants.v.constructor',
    ]);
  });

  it('are refused with all mistakes at once, by path', () => {
    const variants = { z: 1, 'a\u0007': true, m: 'x' };
    expect(checkVariants('boolean', variants).map(({ path }) => path)).toEqual(
      ['variants.m', 'variants.z', 'variants["a\\u0007"]'].sort(),
    );
  });
});

describe("a flag's default variant", () => {
  const variants = { on: true, off: false };

  it.each([['on'], [null], [undefined]])('may be %p', (name) => {
    expect(checkDefaultVariant(name, variants, 'default_variant')).toEqual([]);
  });

  it('names none where there is none', () => {
    expect(checkDefaultVariant('on', {}, 'default_variant')).toEqual([
      { path: 'default_variant', message: 'must be the name of a variant (there is none), or null for the default in the code' },
    ]);
  });

  it.each(['maybe', '', 'toString', '__proto__', 'true'])('may not be %j, which is no variant', (name) => {
    expect(checkDefaultVariant(name, variants, 'environments.production.default_variant')).toEqual([
      { path: 'environments.production.default_variant', message: expect.stringContaining('"on", "off"') },
    ]);
  });
});
