import { SSE } from './sse-form.js';
import { beforeEach, describe, expect, it } from '@jest/globals';
import { FakeFeed, flags, updated } from '../changes/change-feed.fake.js';
import { subscriptionTo } from '../changes/subscription.js';
import { type SnapshotGeneration, Snapshots } from './snapshots.js';

const ALL = subscriptionTo(null);
let feed: FakeFeed;
let snapshots: Snapshots;

/** Somebody who reads a snapshot slowly, and counts how often it was sent away. */
class Reader {
  sentAway = 0;
  generation: SnapshotGeneration = snapshots.enter(feed.present, this);

  startOver(): void {
    this.sentAway += 1;
    this.generation.leave(this);
    this.generation = snapshots.enter(feed.present, this);
  }
}

beforeEach(() => {
  feed = new FakeFeed(flags('a', 'b'));
  snapshots = new Snapshots();
});

describe('Snapshots', () => {
  it('of one revision are one generation, encoded once', () => {
    const [first, second] = [new Reader(), new Reader()];
    expect(first.generation).toBe(second.generation);
    expect(first.generation.frames(feed.present, ALL, SSE)).toBe(second.generation.frames(feed.present, ALL, SSE));
  });

  it('are two generations at most, however many revisions are read: who reads the oldest starts over at the newest', () => {
    const readers = [new Reader()];
    for (let version = 2; version < 30; version++) {
      feed.commit(updated('a', version));
      readers.push(new Reader());
      expect(snapshots.alive).toBeLessThanOrEqual(2);
    }
    const alive = new Set(readers.map(({ generation }) => generation));
    expect(alive.size).toBeLessThanOrEqual(2);
    expect(readers[0]?.sentAway).toBeGreaterThan(0);
  });

  it('are let go of once nobody reads them and the head has moved on', () => {
    const reader = new Reader();
    feed.commit(updated('a', 2));
    snapshots.sweep(feed.head);
    expect(snapshots.alive).toBe(1);
    reader.generation.leave(reader);
    snapshots.sweep(feed.head);
    expect(snapshots.alive).toBe(0);
  });

  it('of the head are kept for who comes next', () => {
    const reader = new Reader();
    const { generation } = reader;
    generation.leave(reader);
    snapshots.sweep(feed.head);
    expect(new Reader().generation).toBe(generation);
  });
});
