import { beforeEach, describe, expect, it } from '@jest/globals';
import { parseFilter } from '@flagwire/protocol/sync';
import { aFlag, deleted, ENVIRONMENT, flags, setAfter, updated } from './change-feed.fake.js';
import { EnvironmentReplica } from './environment-replica.js';

const DATE = '2026-06-01T00:00:00.000Z';
const ORIGIN = { epoch: 'epoch001', revision: 5, mark: 'm00005' };
let replica: EnvironmentReplica;

const load = (ids: string[], recent = [] as never[]) => ({
  environment: ENVIRONMENT,
  head: ORIGIN,
  httpDate: DATE,
  flags: flags(...ids),
  recent,
});

beforeEach(() => {
  replica = new EnvironmentReplica(load(['b', 'a', 'c.x']), { revisions: 3, bytes: 2 ** 20 });
});

const apply = (...events: ReturnType<typeof updated>[]) => {
  replica.apply(setAfter(replica.head, events));
  return replica.head;
};

describe('A replica', () => {
  it('gives its flags in the order of their ids, whatever order they came in', () => {
    expect(replica.flags(null).map(({ definition }) => definition.id)).toEqual(['a', 'b', 'c.x']);
    apply({ type: 'FlagCreated', data: aFlag('aa') });
    expect(replica.flags(null).map(({ definition }) => definition.id)).toEqual(['a', 'aa', 'b', 'c.x']);
  });

  it('gives and counts those that a filter lets through', () => {
    const filter = parseFilter(['a', 'c.*']);
    expect(replica.flags(filter).map(({ definition }) => definition.id)).toEqual(['a', 'c.x']);
    expect(replica.count(filter)).toBe(2);
    expect(replica.count(null)).toBe(3);
  });

  it('applies each kind of event', () => {
    apply(updated('a', 2, 'new'));
    apply({
      type: 'FlagStatusChanged',
      data: { flag_id: 'a', old_status: 'enabled', new_status: 'disabled', version: 3, updated_at: 'later' },
    });
    expect(replica.flag('a')?.definition).toMatchObject({
      description: 'new',
      status: 'disabled',
      metadata: { version: 3, updated_at: 'later' },
    });
    expect(JSON.parse(replica.flag('a')?.json ?? '')).toEqual(replica.flag('a')?.definition);
    apply(deleted('b'));
    expect(replica.flag('b')).toBeUndefined();
    expect(replica.flagCount).toBe(2);
  });

  it('refuses a change set that does not follow its head, and keeps what it has', () => {
    const next = setAfter(replica.head, [updated('a')]);
    replica.apply(next);
    expect(() => replica.apply(next)).toThrow(RangeError);
    expect(() => replica.apply(setAfter({ ...replica.head, mark: 'zzzzzz' }, [updated('a')]))).toThrow(RangeError);
    expect(replica.head.revision).toBe(6);
  });

  it('shows nothing of a change set that does not fit', () => {
    const status = { flag_id: 'nobody', old_status: 'enabled', new_status: 'disabled', version: 2, updated_at: 'later' } as const;
    expect(() => apply(deleted('a'), { type: 'FlagStatusChanged', data: status })).toThrow(RangeError);
    expect(replica.head).toEqual(ORIGIN);
    expect(replica.flags(null).map(({ definition }) => definition.id)).toEqual(['a', 'b', 'c.x']);
  });

  it('forgets flags and change sets of the old state when it is loaded anew', () => {
    const old = apply(updated('a'));
    replica.load({ ...load(['z']), head: { ...old, revision: 7, mark: 'm00007' } });
    expect(replica.flags(null).map(({ definition }) => definition.id)).toEqual(['z']);
    expect(replica.standing(old)).toEqual({ kind: 'unknown' });
  });

  it('knows the change sets that it was loaded with', () => {
    const before = { ...ORIGIN, revision: 4, mark: 'm00004' };
    const set = setAfter(before, [updated('a')]);
    replica.load({ ...load(['a']), recent: [set] });
    expect(replica.standing(before)).toEqual({ kind: 'sets', sets: [set] });
  });
});

describe('The standing of a cursor', () => {
  it('at the head is: nothing is missing', () => {
    expect(replica.standing(ORIGIN)).toEqual({ kind: 'sets', sets: [] });
  });

  it('behind the head is: these change sets are missing', () => {
    for (const version of [2, 3]) apply(updated('a', version));
    const standing = replica.standing(ORIGIN);
    expect(standing.kind === 'sets' && standing.sets.map(({ after }) => after.revision)).toEqual([6, 7]);
  });

  it.each<[string, string, Partial<typeof ORIGIN>]>([
    ['foreign', 'another epoch', { epoch: 'zzzzzzzz' }],
    ['foreign', 'another epoch, further on', { epoch: 'zzzzzzzz', revision: 99 }],
    ['foreign', 'another mark at the head', { revision: 8, mark: 'zzzzzz' }],
    ['foreign', 'another mark in memory', { revision: 7, mark: 'zzzzzz' }],
    ['ahead', 'a revision that is not there yet', { revision: 9 }],
    ['unknown', 'a revision older than memory', { revision: 4 }],
  ])('is %s for %s', (kind, _, other) => {
    for (const version of [2, 3, 4]) apply(updated('a', version));
    expect(replica.standing({ ...ORIGIN, ...other })).toEqual({ kind });
  });
});
