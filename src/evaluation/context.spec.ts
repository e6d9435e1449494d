import { describe, expect, it } from '@jest/globals';
import { contextHash, InvalidContext, readContext } from './context.js';

const nested = (depth: number): unknown => JSON.parse(`${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}`);

describe('readContext', () => {
  it('takes attributes of every kind, with a targeting key or without', () => {
    const context = { targetingKey: 'u', age: 7, beta: true, tags: ['a', null], plan: { name: 'free' }, constructor: 'Lotus' };
    expect(readContext({ context })).toEqual(context);
    expect(readContext({ context: {} })).toEqual({});
    expect(readContext({ context: nested(32) })).toBeDefined();
  });

  it.each([
    ['no body', undefined],
    ['a list', []],
    ['no context', {}],
    ['a context of every object', Object.create({ context: {} })],
    ['a context that is null', { context: null }],
    ['a context that is a list', { context: [] }],
    ['a targeting key that is no string', { context: { targetingKey: 7 } }],
    ['an attribute that would become a prototype', JSON.parse('{"context": {"__proto__": {"admin": true}}}')],
    ['the same further in', JSON.parse('{"context": {"a": [{"__proto__": 1}]}}')],
    ['one that is too deep', { context: nested(33) }],
    ['one of too many attributes', { context: Object.fromEntries(Array.from({ length: 10_001 }, (_, i) => [i, i])) }],
    ['one of too many items', { context: { list: Array.from({ length: 10_001 }, () => 0) } }],
    ['one of too much text', { context: { text: 'x'.repeat(65_536) } }],
  ] as [string, unknown][])('refuses %s', (_, body) => {
    expect(() => readContext(body)).toThrow(InvalidContext);
  });
});

describe('contextHash', () => {
  it('is the same for the same content, in whatever order', () => {
    const [one, two] = [
      { a: 1, b: { c: [1, 2], d: 'x' } },
      { b: { d: 'x', c: [1, 2] }, a: 1 },
    ];
    expect(contextHash('key', one)).toBe(contextHash('key', two));
    expect(contextHash('key', one)).toMatch(/^[0-9a-f]{32}$/);
  });

  it.each([
    ['another value', { a: 2 }],
    ['a text instead of a number', { a: '1' }],
    ['another name', { b: 1 }],
    ['one attribute more', { a: 1, b: null }],
    ['a list', { a: [1] }],
  ])('is another one for %s', (_, context) => {
    expect(contextHash('key', context)).not.toBe(contextHash('key', { a: 1 }));
  });

  it('is another one for each owner, and for another order of a list', () => {
    expect(contextHash('key-1', {})).not.toBe(contextHash('key-2', {}));
    expect(contextHash('key', { a: [1, 2] })).not.toBe(contextHash('key', { a: [2, 1] }));
  });
});
