import { describe, expect, it } from '@jest/globals';
import { formatCursor, NO_CURSOR, parseCursor, sameCursor } from './cursor.js';

const EPOCH = 'abcdef12';
const MARK = 'x1y2z3';

describe('The cursor', () => {
  const revisions = [0, 1, 9, 10, 99, 1000, 2 ** 31, 2 ** 32 + 1, 999_999_999_999, Number.MAX_SAFE_INTEGER];
  const filters = [null, '00000000', 'deadbeef', '0123abcd'];

  it.each(revisions)('is the same after it was written and read, at revision %d', (revision) => {
    for (const filter of filters) {
      const cursor = { epoch: EPOCH, revision, mark: MARK };
      const text = formatCursor(cursor, filter);
      expect(parseCursor(text)).toEqual({ ...cursor, filter });
      expect(text.length).toBeLessThanOrEqual(64);
    }
  });

  it('is written as epoch, revision and mark, and the filter where there is one', () => {
    const cursor = { epoch: EPOCH, revision: 42, mark: MARK };
    expect(formatCursor(cursor)).toBe('abcdef12.42.x1y2z3');
    expect(formatCursor(cursor, 'deadbeef')).toBe('abcdef12.42.x1y2z3.deadbeef');
  });

  it('that is reserved is none', () => {
    expect(NO_CURSOR).toBe('none');
    expect(parseCursor(NO_CURSOR)).toBeNull();
  });

  it.each([
    null,
    undefined,
    '',
    ' ',
    'NONE',
    '0',
    '42',
    '2026-06-01T00:00:00Z',
    'abcdef12',
    'abcdef12.42',
    'abcdef12.42.',
    '.42.x1y2z3',
    'abcdef12..x1y2z3',
    'abcdef1.42.x1y2z3',
    'abcdef123.42.x1y2z3',
    'ABCDEF12.42.x1y2z3',
    'abcdef12.42.x1y2z',
    'abcdef12.42.x1y2z34',
    'abcdef12.42.X1Y2Z3',
    'abcdef12.042.x1y2z3',
    'abcdef12.00.x1y2z3',
    'abcdef12.-1.x1y2z3',
    'abcdef12.+1.x1y2z3',
    'abcdef12.1.5.x1y2z3',
    'abcdef12.1e3.x1y2z3',
    'abcdef12.0x1.x1y2z3',
    'abcdef12.NaN.x1y2z3',
    'abcdef12.Infinity.x1y2z3',
    'abcdef12.٤٢.x1y2z3',
    `abcdef12.${10n ** 20n}.x1y2z3`,
    'abcdef12.9007199254740992.x1y2z3',
    'abcdef12.9999999999999999.x1y2z3',
    'abcdef12.42.x1y2z3.deadbee',
    'abcdef12.42.x1y2z3.deadbeef0',
    'abcdef12.42.x1y2z3.DEADBEEF',
    'abcdef12.42.x1y2z3.deadbeeg',
    'abcdef12.42.x1y2z3.',
    'abcdef12.42.x1y2z3.deadbeef.deadbeef',
    ' abcdef12.42.x1y2z3',
    'abcdef12.42.x1y2z3 ',
    'abcdef12.42.x1y2z3\n',
    '\nabcdef12.42.x1y2z3',
    'abcdef12.42.x1y2z3\0',
    'W/"abcdef12.42.x1y2z3"',
    'x'.repeat(64),
    'x'.repeat(65),
    '9'.repeat(65),
    `abcdef12.42.x1y2z3.${'d'.repeat(46)}`,
    'x'.repeat(1_000_000),
  ])('cannot be read from what is malformed (%#)', (text) => {
    expect(parseCursor(text)).toBeNull();
  });

  it('is the same as another where epoch, revision and mark are', () => {
    const cursor = { epoch: EPOCH, revision: 42, mark: MARK };
    expect(sameCursor(cursor, { ...cursor })).toBe(true);
    expect(
      [{ epoch: 'zzzzzzzz' }, { revision: 43 }, { mark: 'zzzzzz' }].some((other) => sameCursor(cursor, { ...cursor, ...other })),
    ).toBe(false);
  });
});
