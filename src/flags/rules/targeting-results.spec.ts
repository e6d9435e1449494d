import { describe, expect, it } from '@jest/globals';
import { checkTargeting, type ValueType } from './flag-rules.js';

function check(
  targeting: unknown,
  variants: Record<string, unknown> = { on: true, off: false },
  valueType: ValueType = 'boolean',
): string[] {
  return checkTargeting(targeting, variants, valueType, 'targeting').map(({ path, message }) => `${path} ${message}`);
}

const condition = { '==': [{ var: 'plan' }, 'pro'] };

describe('a result of targeting', () => {
  it.each<[string, unknown, string]>([
    ['a then', { if: [condition, 'nope', 'off'] }, 'targeting.if[1]'],
    ['an else', { if: [condition, 'on', 'nope'] }, 'targeting.if[2]'],
    ['a second then', { if: [condition, 'on', condition, 'nope'] }, 'targeting.if[3]'],
    ['an else after two', { if: [condition, 'on', condition, 'off', 'nope'] }, 'targeting.if[4]'],
    ['a nested else', { if: [condition, 'on', { if: [condition, 'off', 'nope'] }] }, 'targeting.if[2].if[2]'],
    ['an if without a then', { if: ['nope'] }, 'targeting.if[0]'],
    ['a bucket', { fractional: [['on', 1], ['nope', 1]] }, 'targeting.fractional[1][0]'], // prettier-ignore
    ['a bucket after an expression', { fractional: [{ var: 'email' }, ['nope', 1]] }, 'targeting.fractional[1][0]'],
    ['a bucket in a then', { if: [condition, { fractional: [['nope', 1]] }] }, 'targeting.if[1].fractional[0][0]'],
    ['a bucket in a bucket', { fractional: [[{ fractional: [['nope', 1]] }, 1]] }, 'targeting.fractional[0][0].fractional[0][0]'],
    ['a rule in a bucket', { fractional: [[{ if: [condition, 'on', 'nope'] }, 1]] }, 'targeting.fractional[0][0].if[2]'],
    ['the last of an or', { or: [{ var: 'variant' }, 'nope'] }, 'targeting.or[1]'],
    ['the last of an and', { and: [condition, 'nope'] }, 'targeting.and[1]'],
    ["an attribute's default", { var: ['variant', 'nope'] }, 'targeting.var[1]'],
  ])('that stands there literally is a variant: %s', (_, targeting, place) => {
    expect(check(targeting)).toEqual([
      `${place} "nope" is no variant of this flag: write the name of a variant ("on", "off"), or null for the default`,
    ]);
  });

  it.each<[string, unknown]>([
    ['in a condition', { if: [{ in: ['nope', ['nope']] }, 'on', 'off'] }],
    ['as the text of a second condition', { if: [condition, 'on', 'nope', 'off', null] }],
    ['in what is computed', { cat: ['no', 'pe'] }],
    ['in a bucketing expression', { fractional: [{ cat: ['nope', { var: 'email' }] }, ['on', 1]] }],
    ['where an and goes on', { and: ['nope', 'on'] }],
    ['where an or goes on', { or: ['', 0, false, null, 'on'] }],
  ])('is not what stands %s', (_, targeting) => {
    expect(check(targeting)).toEqual([]);
  });

  it('may be a name that other objects have only if it is a variant', () => {
    expect(check({ if: [condition, 'toString'] })).toHaveLength(1);
    expect(check({ if: [condition, '__proto__'] })).toHaveLength(1);
  });

  it('may be null, which is the default variant', () => {
    expect(check({ if: [condition, null, { fractional: [[null, 1]] }] })).toEqual([]);
  });

  it('may be true or false where variants have these names', () => {
    const named = { true: 'yes', false: 'no' };
    expect(check({ if: [condition, true, false] }, named, 'string')).toEqual([]);
    expect(check({ fractional: [[true, 1], ['false', 1]] }, named, 'string')).toEqual([]); // prettier-ignore
    expect(check({ if: [condition, true, false] }, { true: true }, 'boolean')).toEqual([
      'targeting.if[2] false stands for a variant named "false", which this flag lacks: write the name of a variant ("true"), or null for the default',
    ]);
  });

  it.each<[unknown, Record<string, unknown>, ValueType, string]>([
    [true, { on: true, off: false }, 'boolean', 'true stands for a variant named "true", which this flag lacks: write "on"'],
    ['#f00', { red: '#f00' }, 'string', '"#f00" is no variant of this flag: write "red"'],
    [10, { ten: 10 }, 'number', 'a number cannot be a result: write "ten"'],
  ])('is the name of a variant, and the mistake says which one has the value %j', (result, variants, valueType, message) => {
    expect(check({ if: [condition, result] }, variants, valueType)).toEqual([
      `targeting.if[1] ${message}, the name of the variant that has this value`,
    ]);
  });

  it.each<[unknown, string]>([
    [7, 'a number cannot be a result'],
    [0, 'a number cannot be a result'],
    [['on'], 'a list cannot be a result'],
    [[], 'a list cannot be a result'],
    [{}, 'is an empty object'],
    [{ color: 'red' }, 'unknown operator "color"'],
    [{ a: 1, b: 2 }, 'has 2 keys'],
  ])('is not %j', (result, message) => {
    expect(check({ if: [condition, result, 'off'] })).toEqual([expect.stringContaining(message)]);
    expect(check({ fractional: [[result, 1]] })).toEqual([expect.stringContaining(message)]);
  });

  it('of ?: is checked along with the operator, which flagd lacks', () => {
    expect(check({ '?:': [condition, 'on', 'nope'] }).map((line) => line.split(' ')[0])).toEqual([
      'targeting.?:',
      'targeting.?:[2]',
    ]);
  });

  it('names ten variants of many', () => {
    const many = Object.fromEntries(Array.from({ length: 30 }, (_, index) => [`v${index}`, index]));
    expect(check({ if: [condition, 'nope'] }, many, 'number')).toEqual([expect.stringContaining('"v9" and 20 more')]);
  });
});
