import { describe, expect, test } from '@jest/globals';
import { InvalidInput } from '../common/errors.js';
import { IfMatch } from './if-match.js';

describe('If-Match (RFC 9110, 13.1.1)', () => {
  test.each([
    [undefined, true],
    ['*', true],
    ['"7"', true],
    ['"6", "7"', true],
    ['"6","7",', true],
    [',, "7"', true],
    ['"6"', false],
    ['W/"7"', false],
    ['W/"7", "7"', true],
    ['"7,"', false],
    ['""', false],
  ])('%j against version 7: %s', (header, allowed) => {
    expect(IfMatch.parse(header).allows('7')).toBe(allowed);
  });

  test.each(['', ' ', ',', '7', '"7', '7"', '"7" "8"', '"7", *', 'w/"7"', '"a b"', '"7";'])('%j is malformed', (header) => {
    expect(() => IfMatch.parse(header)).toThrow(InvalidInput);
  });

  test('a header of a hundred thousand tags is read in one pass', () => {
    expect(IfMatch.parse(`${'"x", '.repeat(100_000)}"7"`).allows('7')).toBe(true);
  });
});
