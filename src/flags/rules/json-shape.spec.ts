import { describe, expect, it } from '@jest/globals';
import { checkJsonShape, isPlainObject } from './json-shape.js';

function nested(levels: number): unknown {
  let value: unknown = 1;
  for (let level = 0; level < levels; level += 1) value = level % 2 === 0 ? [value] : { a: value };
  return value;
}

describe('the shape of a JSON value', () => {
  it.each([[null], [true], [0], ['text'], [[]], [{}], [{ a: [1, { b: null }] }]])('is right for %j', (value) => {
    expect(checkJsonShape(value, { depth: 32 }, 'body')).toEqual([]);
  });

  it('may be as deep as the limit and not one level deeper', () => {
    expect(checkJsonShape(nested(32), { depth: 32 }, 'body')).toEqual([]);
    expect(checkJsonShape(nested(33), { depth: 32 }, 'body')).toHaveLength(1);
  });

  it('refuses a value 100,000 levels deep without overflowing the stack, and names the place of the limit', () => {
    const [mistake, ...others] = checkJsonShape(nested(100_000), { depth: 3 }, 'body');
    expect(others).toEqual([]);
    expect(mistake).toEqual({
      path: 'body.a[0].a',
      message: 'is nested too deep: at most 3 objects and lists may stand inside each other',
    });
  });

  it('refuses a text of 100,000 brackets as JSON.parse gives it', () => {
    const value: unknown = JSON.parse('['.repeat(100_000) + ']'.repeat(100_000));
    expect(checkJsonShape(value, { depth: 32 }, 'body')).toHaveLength(1);
  });

  it('refuses a value that contains itself', () => {
    const value: Record<string, unknown> = {};
    value['self'] = value;
    expect(checkJsonShape(value, { depth: 32 }, 'body')).toHaveLength(1);
  });

  it('names each branch that is too deep', () => {
    expect(checkJsonShape({ a: [[1]], b: [[2]], c: [3] }, { depth: 2 }, 'body').map(({ path }) => path)).toEqual([
      'body.a[0]',
      'body.b[0]',
    ]);
  });

  it.each(['__proto__', 'constructor', 'prototype'])('refuses the key %s at any depth', (key) => {
    const value: unknown = JSON.parse(`{"a": [{"b": {"${key}": {"x": 1}}}], "${key}": 1}`);
    expect(checkJsonShape(value, { depth: 32 }, 'body').map(({ path }) => path)).toEqual(
      [`body.${key}`, `body.a[0].b.${key}`].sort(),
    );
  });

  it('allows those words as values, and other names of Object.prototype as keys', () => {
    expect(checkJsonShape({ toString: '__proto__', list: ['constructor'] }, { depth: 32 }, 'body')).toEqual([]);
  });

  it.each([
    ['undefined', undefined],
    ['a function', () => 1],
    ['a symbol', Symbol('s')],
    ['a bigint', 1n],
    ['NaN', Number.NaN],
    ['a number that overflowed', JSON.parse('1e400')],
    ['a date', new Date(0)],
    ['a map', new Map()],
  ])('refuses %s, which is not JSON', (_, value) => {
    const [mistake] = checkJsonShape({ a: [value] }, { depth: 32 }, 'body');
    expect(mistake?.path).toBe('body.a[0]');
    expect(mistake?.message).toContain('is not a JSON value');
  });

  it('ends the walk where there are more values than 64 KiB hold, and says so', () => {
    const body: unknown = JSON.parse(`{"a":[${Array.from({ length: 32_768 }, () => '{}').join(',')}]}`);
    expect(checkJsonShape(body, { depth: 32 }, 'body')).toEqual([
      { path: 'body', message: expect.stringContaining('64 KiB') as unknown },
    ]);
    const full: unknown = JSON.parse(`[${Array.from({ length: 32_767 }, () => '1').join(',')}]`);
    expect(checkJsonShape(full, { depth: 32 }, 'body')).toEqual([]);
  });

  it('walks a wide body of forbidden keys without keeping a mistake for each', () => {
    const body: unknown = JSON.parse(`[${Array.from({ length: 10_000 }, () => '{"__proto__":1}').join(',')}]`);
    const mistakes = checkJsonShape(body, { depth: 32 }, 'body');
    expect(mistakes).toHaveLength(51);
    expect(mistakes.at(-1)?.message).toContain('9950 more');
  });
});

describe('a plain object', () => {
  it('is one without a class, whichever realm made it', () => {
    expect(isPlainObject({})).toBe(true);
    expect(isPlainObject(Object.create(null))).toBe(true);
    expect(isPlainObject(structuredClone({ a: 1 }))).toBe(true);
    expect([new Date(0), [], null, 'text', new (class Flag {})()].some(isPlainObject)).toBe(false);
  });
});
