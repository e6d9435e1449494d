import { beforeEach, describe, expect, it } from '@jest/globals';
import { type Cursor, parseFilter } from '@flagwire/protocol/sync';
import { DatabaseUnavailable, NotFound } from '../common/errors.js';
import { ENVIRONMENT, FakeFeed, flags, updated } from './change-feed.fake.js';
import { type Plan, Resumption } from './resumption.js';
import { subscriptionTo } from './subscription.js';

const ALL = subscriptionTo(null);
const ONLY_A = subscriptionTo(parseFilter(['a']));

let feed: FakeFeed;
let resumption: Resumption;

const presented = (cursor: Cursor, filter: string | null = null) => ({ ...cursor, filter });
const plan = (cursor: Cursor | null, subscription = ALL) =>
  resumption.plan(ENVIRONMENT.id, cursor === null ? null : presented(cursor, subscription.filterHash), subscription);
const revisions = (answer: Plan | null) =>
  answer?.kind === 'delta' ? answer.sets.map(({ after }) => after.revision) : answer?.kind;

function lead(ringRevisions = 1000): void {
  feed = new FakeFeed(flags('a', 'b'), ringRevisions);
  resumption = new Resumption(feed);
}

beforeEach(() => lead());

describe('A presented cursor', () => {
  it('that is none, or cannot be read, means a full sync, without a question to the database', async () => {
    expect(await plan(null)).toEqual({ kind: 'full' });
    expect(feed.questions).toBe(0);
  });

  it('at the head is up to date', async () => {
    feed.commit(updated('a', 2));
    expect(revisions(await plan(feed.head))).toEqual([]);
    expect(feed.questions).toBe(0);
  });

  it('that memory knows gets the change sets after it, without a question to the database', async () => {
    const cursor = feed.head;
    for (const version of [2, 3, 4]) feed.commit(updated('a', version));
    expect(revisions(await plan(cursor))).toEqual([1, 2, 3]);
    expect(feed.questions).toBe(0);
  });

  it('older than memory gets what the log has, all pages of it', async () => {
    lead(2);
    const cursor = feed.commit(updated('a', 2));
    for (let version = 3; version < 12; version++) feed.commit(updated('a', version));
    feed.page = 4;
    expect(revisions(await plan(cursor))).toEqual([2, 3, 4, 5, 6, 7, 8, 9, 10]);
  });

  it('older than the log reaches gets a full sync', async () => {
    lead(2);
    const cursor = feed.commit(updated('a', 2));
    for (let version = 3; version < 12; version++) feed.commit(updated('a', version));
    feed.floor = 5;
    expect(revisions(await plan(cursor))).toBe('full');
  });

  it.each<[string, Partial<Cursor>]>([
    ['another epoch', { epoch: 'zzzzzzzz' }],
    ['another mark', { mark: 'zzzzzz' }],
    ['another mark at the head', { revision: 3, mark: 'zzzzzz' }],
  ])('with %s gets a full sync, after the log was read', async (_, other) => {
    for (const version of [2, 3, 4]) feed.commit(updated('a', version));
    expect(
      resumption.fromMemory(feed.present, presented({ ...feed.head, revision: 1, mark: 'm00001', ...other }), ALL),
    ).toBeNull();
    expect(await plan({ ...feed.head, revision: 1, mark: 'm00001', ...other })).toEqual({ kind: 'full' });
    expect(feed.questions).toBe(1);
  });

  it('of another filter gets a full sync', async () => {
    expect(await resumption.plan(ENVIRONMENT.id, presented(feed.head, '0a1b2c3d'), ALL)).toEqual({ kind: 'full' });
    expect(await resumption.plan(ENVIRONMENT.id, presented(feed.head, null), ONLY_A)).toEqual({ kind: 'full' });
    expect(revisions(await plan(feed.head, ONLY_A))).toEqual([]);
  });

  it('of this environment gets a full sync from another epoch that happens to stand at the same revision', async () => {
    const old = feed.commit(updated('a', 2));
    feed.replace('epoch002', flags('c'), 1);
    expect(await plan(old)).toEqual({ kind: 'full' });
  });
});

describe('A cursor ahead of this node', () => {
  it('makes it read the log, and then gets no less than it has', async () => {
    feed.write(updated('a', 2));
    const cursor = feed.write(updated('a', 3));
    expect(revisions(await plan(cursor))).toEqual([]);
    expect(feed.present.head).toEqual(cursor);
  });

  it('gets what is newer still', async () => {
    const cursor = feed.write(updated('a', 2));
    feed.write(updated('a', 3));
    expect(revisions(await plan(cursor))).toEqual([2]);
  });

  it('gets a full sync where the database is behind it, too', async () => {
    expect(await plan({ ...feed.head, revision: 7 })).toEqual({ kind: 'full' });
  });

  it('is not decided while the database is away', async () => {
    feed.isAway = true;
    await expect(plan({ ...feed.head, revision: 7 })).rejects.toThrow(DatabaseUnavailable);
  });
});

describe('A delta', () => {
  // Two flags: the most is 2 x 2 + 100 events.
  it('of as many events as twice the flags and a hundred is served, one more is a full sync', async () => {
    const cursor = feed.head;
    for (let version = 2; version < 106; version++) feed.commit(updated('a', version));
    expect(revisions(await plan(cursor))).toHaveLength(104);
    feed.commit(updated('a', 200));
    expect(revisions(await plan(cursor))).toBe('full');
  });

  it('counts events, not change sets', async () => {
    const cursor = feed.head;
    for (let version = 2; version < 55; version++) feed.commit(updated('a', version), updated('b', version));
    expect(revisions(await plan(cursor))).toBe('full');
  });

  it('counts the events that the filter lets through', async () => {
    const cursor = feed.head;
    feed.commit(...Array.from({ length: 150 }, (_, index) => updated('b', index + 2)));
    expect(revisions(await plan(cursor))).toBe('full');
    expect(revisions(await plan(cursor, ONLY_A))).toEqual([1]);
  });

  it('counts the events of all pages of the log', async () => {
    lead(1);
    const cursor = feed.commit(updated('a', 2));
    for (let version = 3; version < 90; version++) feed.commit(updated('a', version), updated('b', version));
    feed.page = 30;
    expect(revisions(await plan(cursor))).toBe('full');
  });
});

describe('An environment', () => {
  it('that is gone is not found', async () => {
    feed.remove();
    await expect(plan(feed.head)).rejects.toThrow(NotFound);
    await expect(plan(null)).rejects.toThrow(NotFound);
  });
});

describe('The reasons of full syncs', () => {
  it('are counted, each once', async () => {
    lead(1);
    const old = feed.head;
    const [, first] = [2, 3, 4, 5].map((version) => feed.commit(updated('a', version)));
    feed.floor = 2;
    await plan(null);
    await plan({ ...feed.head, mark: 'zzzzzz' });
    await plan({ ...feed.head, revision: 99 });
    await resumption.plan(ENVIRONMENT.id, presented(feed.head, 'abcdef01'), ALL);
    await plan(old);
    await plan(first ?? null);
    for (let version = 6; version < 200; version++) feed.commit(updated('a', version));
    await plan(first ?? null);
    const expected = { no_cursor: 1, other_history: 2, other_filter: 1, below_floor: 1, too_far: 1 };
    expect(Object.fromEntries(resumption.fullSyncs)).toEqual(expected);
  });
});
