import { beforeEach, describe, expect, it } from '@jest/globals';
import { formatCursor } from '@flagwire/protocol/sync';
import { DatabaseUnavailable, NotFound } from '../common/errors.js';
import { FakeFeed, flags, updated } from './change-feed.fake.js';
import { replicaNotBehind } from './not-behind.js';

let feed: FakeFeed;
let environmentId: string;

beforeEach(() => {
  feed = new FakeFeed(flags('a'));
  environmentId = feed.present.environment.id;
});

describe('An answer', () => {
  it('asks no database where the node knows what the client has seen, or where that cannot be read', async () => {
    const seen = formatCursor(feed.present.head, null);
    feed.commit(updated('a', 2));
    expect((await replicaNotBehind(feed, environmentId, [seen, 'none', 'nonsense'])).head.revision).toBe(1);
    expect(feed.questions).toBe(0);
  });

  it('is no older than what the client has seen on another node: the log is read first', async () => {
    const seen = formatCursor(feed.write(updated('a', 2)), null);
    expect(feed.present.head.revision).toBe(0);
    expect((await replicaNotBehind(feed, environmentId, [seen])).head.revision).toBe(1);
    expect(feed.questions).toBe(1);
  });

  it('is what there is, where the database too is behind the client', async () => {
    expect((await replicaNotBehind(feed, environmentId, ['epoch001.9.m00009'])).head.revision).toBe(0);
    expect(feed.questions).toBe(1);
  });

  it('is none where the log cannot be read, or where the environment is gone', async () => {
    await expect(replicaNotBehind(feed, 'another', [])).rejects.toThrow(NotFound);
    feed.isAway = true;
    await expect(replicaNotBehind(feed, environmentId, ['epoch001.9.m00009'])).rejects.toThrow(DatabaseUnavailable);
  });
});
