import { describe, expect, test } from '@jest/globals';
import { key, line, lines, list, orNull, searched, time } from './checks.js';

describe('line', () => {
  test.each(['a', 'Ünïcödé', '👩‍💻', 'x'.repeat(256)])('lets %j pass', (text) => {
    expect(line(256)(text)).toBeNull();
  });

  test.each(['', '   ', 'a\nb', 'a\u0000b', '\ud800', 'x'.repeat(257), 7, null, undefined])('refuses %j', (value) => {
    expect(line(256)(value)).toMatch(/^must /);
  });

  test.each([
    ['\ufeffa', 'U+FEFF (byte order mark)'],
    ['a\u0000', 'U+0000 (NUL)'],
    ['a\u0085b', 'U+0085 (control character)'],
    ['a\udfff', 'U+DFFF (half a character)'],
  ])('says which character of %j is to be left out', (text, called) => {
    expect(line(256)(text)).toBe(`must be one line of text: leave out ${called}`);
  });

  test.each(['a\u2028b', 'a\u2029b', 'a\u200db'])('lets %j pass, which has no control character', (text) => {
    expect(line(256)(text)).toBeNull();
  });

  test('counts characters as people count them', () => {
    expect(line(4)('👍👍👍👍')).toBeNull();
  });
});

test('what is looked for may have a byte order mark, and nothing that a database cannot be asked for', () => {
  expect(searched(8)('\ufeffa')).toBeNull();
  expect(searched(8)('a\u0000')).toMatch(/U\+0000/);
  expect(searched(8)('\ud800')).toMatch(/U\+D800/);
});

test('text of several lines may have line breaks and tabs, and no other control characters', () => {
  expect(lines(100)('a\r\n\tb')).toBeNull();
  expect(lines(100)('a\u0000')).toMatch(/control characters/);
  expect(lines(3)('ää')).toMatch(/at most 3 bytes/);
});

test('a list says which entry is wrong, and refuses one that stands in it twice', () => {
  const tags = list(line(3), 2);
  expect(tags(['a', 'b'])).toBeNull();
  expect(tags(['a', 'long'])).toMatch(/\[1\]/);
  expect(tags(['a', 'a'])).toMatch(/twice/);
  expect(tags(['a', 'b', 'c'])).toMatch(/at most 2/);
});

test.each([
  ['a', true],
  [`a${'b'.repeat(62)}`, true],
  [`a${'b'.repeat(63)}`, false],
  ['1a', false],
  ['A', false],
  ['a_b', false],
  ['', false],
])('the key %j is allowed: %s', (text, allowed) => {
  expect(key(text) === null).toBe(allowed);
});

test('a time is RFC 3339 and exists', () => {
  expect(time('2027-01-31T12:00:00Z')).toBeNull();
  expect(time('2027-01-31T12:00:00.5+02:00')).toBeNull();
  expect(time('2027-13-31T12:00:00Z')).not.toBeNull();
  expect(time('2027-01-31')).not.toBeNull();
  expect(time('2028-02-29t23:59:59z')).toBeNull();
  for (const none of ['2027-02-29T12:00:00Z', '2027-04-31T12:00:00Z', '2027-01-31T24:00:00Z', '2027-01-31T12:60:00Z']) {
    expect([none, time(none)]).toEqual([none, expect.any(String)]);
  }
});

test('null passes where it is allowed, and the refusal says that it would', () => {
  expect(orNull(key)(null)).toBeNull();
  expect(orNull(key)('!')).toMatch(/, or null$/);
});
