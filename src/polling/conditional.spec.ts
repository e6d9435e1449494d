import { describe, expect, it } from '@jest/globals';
import { isNotModified, parseDate } from './conditional.js';

const CURSOR = 'epoch001.7.m00007';
const DATE = '2026-06-01T00:00:05.000Z';
const TIME = Date.parse(DATE);

describe('An answer is 304', () => {
  const answer = (tags: '*' | string[] | null, modifiedSince: number | null) =>
    isNotModified({ tags, modifiedSince }, CURSOR, DATE);

  it('where the present tag is among those that the client has, or any will do', () => {
    expect([answer([CURSOR], null), answer(['other', CURSOR], null), answer('*', null)]).toEqual([true, true, true]);
    expect([answer(['other'], null), answer([''], null), answer(null, null)]).toEqual([false, false, false]);
  });

  it('where the date is the very date of the present revision, and no other', () => {
    expect(answer(null, TIME)).toBe(true);
    for (const other of [-3_600_000, -1000, -1, 1, 1000, 3_600_000]) expect(answer(null, TIME + other)).toBe(false);
  });

  it('by the tag alone, where there is one', () => {
    expect(answer(['other'], TIME)).toBe(false);
    expect(answer([CURSOR], TIME - 1000)).toBe(true);
  });
});

describe('A date', () => {
  it.each([
    'Mon, 01 Jun 2026 00:00:05 GMT',
    DATE,
    '2026-06-01T00:00:05Z',
    '2026-06-01T02:00:05+02:00',
    '2026-05-31T22:00:05-02:00',
    '2026-06-01T00:00:05.000+00:00',
    '2026-06-01 00:00:05Z',
    // What a query string makes of a plus sign.
    '2026-06-01T02:00:05 02:00',
  ])('may be written %j', (text) => {
    expect(parseDate(text)).toBe(TIME);
  });

  it.each([
    undefined,
    '',
    'yesterday',
    '0',
    '1780272005',
    '2026-06-01',
    '2026-06-01T00:00:05',
    '2026-13-01T00:00:05Z',
    'Mon, 01 Jun 2026 00:00:05',
    'Mon, 01 Jun 2026 00:00:05 +0000',
    'Mon, 99 Jun 2026 00:00:05 GMT',
    'Mon, 01 Xxx 2026 00:00:05 GMT',
    '2026-06-01T00:00:05Z ',
  ])('that is written %j is ignored', (text) => {
    expect(parseDate(text)).toBeNull();
  });

  it('of a revision is read back from its header', () => {
    expect(parseDate(new Date(TIME).toUTCString())).toBe(TIME);
  });
});
