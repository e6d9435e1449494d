import { createHash } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { parseCursor, parseFilter } from '@flagwire/protocol/sync';
import { deleted, setAfter, updated } from './change-feed.fake.js';
import { countEvents, cursorText, outgoingEvents, subscriptionKey, subscriptionTo } from './subscription.js';

const ORIGIN = { epoch: 'epoch001', revision: 4, mark: 'm00004' };
const ALL = subscriptionTo(null);
const set = setAfter(ORIGIN, [updated('a', 2), updated('b', 2), deleted('a', 3)]);

describe('A subscription', () => {
  it('has no hash where it is to all flags, else the first 8 hex digits of SHA-256 of the canonical filter', () => {
    expect(ALL.filterHash).toBeNull();
    const hash = createHash('sha256').update('a,b.*').digest('hex').slice(0, 8);
    expect(subscriptionTo(parseFilter(['b.*', 'a', 'a'])).filterHash).toBe(hash);
    expect(cursorText(ORIGIN, subscriptionTo(parseFilter(['a', 'b.*'])))).toBe(`epoch001.4.m00004.${hash}`);
  });

  it('makes cursors that the grammar takes', () => {
    const { filterHash } = subscriptionTo(parseFilter(['a']));
    expect(parseCursor(cursorText(ORIGIN, ALL))).toEqual({ ...ORIGIN, filter: null });
    expect(parseCursor(cursorText(ORIGIN, subscriptionTo(parseFilter(['a']))))).toEqual({ ...ORIGIN, filter: filterHash });
  });

  it('has the same key as another to the same flags, and no other', () => {
    const keys = [null, parseFilter(['a']), parseFilter(['a*']), parseFilter(['a', 'b'])].map((filter) =>
      subscriptionKey(subscriptionTo(filter)),
    );
    expect(new Set(keys).size).toBe(4);
    expect(subscriptionKey(subscriptionTo(parseFilter(['b', 'a', 'b'])))).toBe(keys[3]);
  });
});

describe('The events of a change set on their way out', () => {
  const out = (entries: string[] | null) =>
    outgoingEvents(set, subscriptionTo(entries === null ? null : parseFilter(entries))).map(
      ({ id, more }) => `${id.split('.')[1]}${more ? '+' : ''}`,
    );

  it('carry the cursor before the set, and more, but the last the one after it', () => {
    expect(out(null)).toEqual(['4+', '4+', '5']);
  });

  it('keep to that among those that a filter lets through', () => {
    expect(out(['a'])).toEqual(['4+', '5']);
    expect(out(['b'])).toEqual(['5']);
    expect(out(['c'])).toEqual([]);
  });

  it('are JSON once the closing brace is put on', () => {
    const [first] = outgoingEvents(set, ALL);
    expect(JSON.parse(`${first?.openText},"more":true}`)).toEqual({ ...updated('a', 2), more: true });
  });

  it('are counted as the filter lets them through', () => {
    expect(countEvents([set, set], ALL)).toBe(6);
    expect(countEvents([set, set], subscriptionTo(parseFilter(['a'])))).toBe(4);
    expect(countEvents([], ALL)).toBe(0);
  });
});
