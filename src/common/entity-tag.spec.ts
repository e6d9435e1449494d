import { describe, expect, it } from '@jest/globals';
import { parseIfNoneMatch, parseIfNoneMatchParameter, tagOf } from './entity-tag.js';

const CURSOR = 'epoch001.7.m00007';

describe('If-None-Match', () => {
  it('reads the tag that was given', () => {
    expect(tagOf(CURSOR)).toBe('W/"epoch001.7.m00007"');
    expect(parseIfNoneMatch(tagOf(CURSOR))).toEqual([CURSOR]);
  });

  it.each<[string, string[] | '*']>([
    ['"a"', ['a']],
    ['W/"a"', ['a']],
    ['"a", W/"b" ,"c"', ['a', 'b', 'c']],
    ['"a","b"', ['a', 'b']],
    ['"a,b"', ['a,b']],
    ['""', ['']],
    ['"*"', ['*']],
    ['*', '*'],
    [' * ', '*'],
    [',"a"', ['a']],
    ['"a",', ['a']],
    [', ,"a", ,,"b", ', ['a', 'b']],
    ['\t"a"\t,\t"b"', ['a', 'b']],
    ['"\xfc"', ['ü']],
  ])('reads the list %j', (header, expected) => {
    expect(parseIfNoneMatch(header)).toEqual(expected);
  });

  it.each([
    undefined,
    '',
    ' ',
    ',',
    ', ,',
    'a',
    'w/"a"',
    'W/a',
    '"a',
    'a"',
    '"a" "b"',
    '"a"b',
    '*, "a"',
    '"a", *',
    '"a b"',
    "'a'",
    '"a", b',
  ])('takes %j for no condition', (header) => expect(parseIfNoneMatch(header)).toBeNull());

  it('reads a long list in no time', () => {
    const began = performance.now();
    expect(parseIfNoneMatch(`${', '.repeat(20_000)}"a"`)).toEqual(['a']);
    expect(parseIfNoneMatch(`"a"${' '.repeat(40_000)}x`)).toBeNull();
    expect(performance.now() - began).toBeLessThan(1000);
  });
});

describe('The parameter if_none_match', () => {
  it.each<[string, string[] | '*']>([
    [CURSOR, [CURSOR]],
    [`"${CURSOR}"`, [CURSOR]],
    [`W/"${CURSOR}"`, [CURSOR]],
    ['*', '*'],
  ])('may be written %s', (value, expected) => {
    expect(parseIfNoneMatchParameter(value)).toEqual(expected);
  });

  it.each([undefined, ''])('is no condition as %j', (value) => expect(parseIfNoneMatchParameter(value)).toBeNull());
});
