import { describe, expect, it } from '@jest/globals';
import { FILTER_MAX_BYTES, FILTER_MAX_ENTRIES, InvalidFilter, isInside, matches, parseFilter } from './filter.js';

const canonical = (...entries: string[]) => parseFilter(entries)?.canonical;

describe('A filter', () => {
  it('is the same whatever the order of its entries, and however often they are named', () => {
    expect(canonical('b', 'a', 'checkout.*', 'b')).toBe('a,b,checkout.*');
    expect(canonical('checkout.*', 'a', 'b')).toBe('a,b,checkout.*');
  });

  it('of * alone, or among others, is none: all flags', () => {
    expect(parseFilter(['*'])).toBeNull();
    expect(parseFilter(['a', '*'])).toBeNull();
  });

  it.each([
    [[]],
    [['']],
    [['a', '']],
    [['**']],
    [['*a']],
    [['a*b']],
    [['a**']],
    [['.a']],
    [['-a*']],
    [['a b']],
    [['a,b']],
    [['ü']],
    [['a\n']],
    [['x'.repeat(129)]],
    [['*', '']],
  ])('cannot be made of %j', (entries) => {
    expect(() => parseFilter(entries)).toThrow(InvalidFilter);
  });

  it('names the entry that is wrong', () => {
    expect(() => parseFilter(['good', 'b@d'])).toThrow('"b@d"');
  });

  it('has at most a hundred entries', () => {
    const entries = Array.from({ length: FILTER_MAX_ENTRIES }, (_, index) => `flag-${index}`);
    expect(parseFilter(entries)?.ids.size).toBe(100);
    expect(() => parseFilter([...entries, 'one-more'])).toThrow('at most 100');
  });

  it('has at most 4 KiB', () => {
    const entries = (last: number) => [
      ...Array.from({ length: 31 }, (_, index) => `${index}`.padStart(127, 'x')),
      'y'.repeat(last),
    ];
    expect(entries(128).join(',').length).toBe(FILTER_MAX_BYTES);
    expect(parseFilter(entries(128))).not.toBeNull();
    expect(() => parseFilter([...entries(127), 'z'])).toThrow(InvalidFilter);
  });

  it.each<[string[] | null, string, boolean]>([
    [null, 'anything', true],
    [['a'], 'a', true],
    [['a'], 'aa', false],
    [['a'], 'A', false],
    [['a*'], 'a', true],
    [['a*'], 'ab', true],
    [['a*'], 'ba', false],
    [['a.*'], 'a', false],
    [['a.*'], 'a.b', true],
    [['a', 'b.*'], 'b.c', true],
    [['a', 'b.*'], 'c', false],
  ])('%j and the flag %j: %j', (entries, flagId, expected) => {
    expect(matches(entries === null ? null : parseFilter(entries), flagId)).toBe(expected);
  });

  it.each<[string[] | null, string[] | null, boolean]>([
    [null, null, true],
    [['a'], null, true],
    [null, ['a'], false],
    [['a'], ['a', 'b'], true],
    [['a', 'b'], ['a'], false],
    [['ab'], ['a*'], true],
    [['ab*'], ['a*'], true],
    [['a*'], ['a*'], true],
    [['a*'], ['ab*'], false],
    [['a*'], ['a'], false],
    [['a'], ['a*'], true],
    [['a.x', 'b.y*'], ['a.*', 'b.*'], true],
    [['a.x', 'c'], ['a.*', 'b.*'], false],
  ])('%j lies inside %j: %j', (inner, outer, expected) => {
    const filter = (entries: string[] | null) => (entries === null ? null : parseFilter(entries));
    expect(isInside(filter(inner), filter(outer))).toBe(expected);
  });

  it('that lies inside another lets through nothing that the other does not', () => {
    const filters = [['a'], ['a*'], ['ab'], ['ab*'], ['b.*'], ['a', 'b.*'], ['abc', 'b.c']].map((entries) =>
      parseFilter(entries),
    );
    const ids = ['a', 'ab', 'abc', 'b', 'b.c', 'b.d', 'c'];
    for (const inner of filters) {
      for (const outer of filters.filter((candidate) => isInside(inner, candidate))) {
        expect(ids.filter((id) => matches(inner, id) && !matches(outer, id))).toEqual([]);
      }
    }
  });
});
