import { beforeEach, describe, expect, it } from '@jest/globals';
import { parseFilter } from '@flagwire/protocol/sync';
import { FakeFeed, flags, updated } from '../changes/change-feed.fake.js';
import { SLICE_BYTES } from './frame.js';
import { FakeOutlet } from './outlet.fake.js';
import { settle, TestRoom } from './room.fake.js';

const at = (revision: number) => `epoch001.${revision}.m${String(revision).padStart(5, '0')}`;

let feed: FakeFeed;
let room: TestRoom;
const enterSlowly = (presented: string | null = null) => {
  const outlet = new FakeOutlet();
  outlet.isSlow = true;
  return room.enter(presented, null, outlet);
};

beforeEach(() => {
  feed = new FakeFeed(flags(...Array.from({ length: 900 }, (_, index) => `flag-${index}`)));
  room = new TestRoom(feed);
});

describe('A connection that throws', () => {
  it('hurts no other when a change is sent', () => {
    const guests = [room.enterLive(), room.enterLive(), room.enterLive()];
    guests[1]!.outlet.throws = true;
    feed.commit(updated('flag-1', 2));
    expect(guests.map(({ outlet }) => outlet.summary.length)).toEqual([1, 0, 1]);
    expect(guests.map(({ outlet }) => outlet.isDestroyed)).toEqual([false, true, false]);
    expect(guests.map(({ session }) => session.isEnded)).toEqual([false, true, false]);
  });

  it('hurts no other when all get a full sync', () => {
    const guests = [room.enterLive(), room.enterLive(), room.enterLive()];
    guests[0]!.outlet.throws = true;
    feed.replace('epoch002', flags('c'));
    expect(guests.map(({ session }) => session.isLive)).toEqual([false, true, true]);
  });

  it('ends itself alone when its own reading goes on', () => {
    const { outlet, session } = enterSlowly();
    outlet.throws = true;
    expect(() => outlet.drain()).not.toThrow();
    expect([outlet.isDestroyed, session.isEnded]).toEqual([true, true]);
  });

  it('hurts no newcomer whose snapshot sends it away', () => {
    const old = enterSlowly();
    old.outlet.drain();
    feed.commit(updated('flag-1', 2));
    const middle = enterSlowly();
    middle.outlet.drain();
    feed.commit(updated('flag-1', 3));
    old.outlet.throws = true;
    const newcomer = room.enter();
    expect(newcomer.session.isLive).toBe(true);
    expect(middle.session.isEnded).toBe(false);
  });
});

describe('Snapshots', () => {
  it('are shared by all who read the same revision', () => {
    const [first, second] = [room.enter(), room.enter()];
    expect(first.outlet.frames.slice(2)).toEqual(second.outlet.frames.slice(2));
    expect(first.outlet.frames[2]).toBe(second.outlet.frames[2]);
  });

  it('of two revisions at most are alive: whoever reads an older one starts over', () => {
    const old = enterSlowly();
    old.outlet.drain();
    old.outlet.drain();
    for (let version = 2; version < 5; version++) {
      feed.commit(updated('flag-1', version));
      enterSlowly().outlet.drain();
    }
    old.outlet.drainAll();
    const started = old.outlet.summary.filter((line) => line === 'none SyncStarted');
    expect(started).toHaveLength(2);
    expect(old.outlet.summary.at(-1)).toBe(`${at(3)} SyncComplete`);
    expect(old.session.isLive).toBe(true);
  });

  it('that have gone out whole are not sent again: what follows comes by change set', () => {
    const slow = enterSlowly();
    while (!slow.outlet.text.includes('SyncComplete')) slow.outlet.drain();
    for (let version = 2; version < 5; version++) {
      feed.commit(updated('flag-1', version));
      enterSlowly().outlet.drain();
    }
    slow.outlet.drainAll();
    expect(slow.outlet.summary.slice(-3)).toEqual([1, 2, 3].map((revision) => `${at(revision)} FlagUpdated`));
    expect(slow.outlet.summary.filter((line) => line.endsWith('SyncComplete'))).toHaveLength(1);
  });
});

describe('A room', () => {
  it('shares the slices of a large change set, too, among all who want the same flags', () => {
    const filter = parseFilter(['flag-1', 'flag-2']);
    const guests = [room.enterLive(filter), room.enterLive(filter)];
    feed.commit(...['flag-1', 'flag-2'].map((id) => updated(id, 2, 'x'.repeat(SLICE_BYTES - 1000))));
    const [first, second] = guests.map(({ outlet }) => outlet.frames);
    expect(first).toHaveLength(2);
    expect(first?.map((frame, index) => frame === second?.[index])).toEqual([true, true]);
  });

  it('gives nobody a change twice who joins while it is being sent', () => {
    const slow = room.enterLive();
    slow.outlet.isSlow = true;
    for (let version = 2; version < 60; version++) feed.commit(updated('flag-1', version));
    slow.outlet.isSlow = false;
    slow.outlet.drainAll();
    feed.commit(updated('flag-1', 60));
    expect(slow.outlet.summary).toEqual(Array.from({ length: 59 }, (_, index) => `${at(index + 1)} FlagUpdated`));
  });

  it('lets nobody be live who stands behind its head, though the log said that nothing follows', async () => {
    feed = new FakeFeed(flags('a'), 1);
    room = new TestRoom(feed);
    for (let version = 2; version < 9; version++) feed.commit(updated('a', version));
    // A restored database ends at this cursor, and the node has not noticed yet.
    feed.page = 0;
    const { session, outlet } = room.enter(at(2));
    await settle();
    const claimed = session.isLive ? session.cursor : null;
    expect([null, outlet.summary.at(-1)?.split(' ')[0]]).toContain(claimed);
    session.close();
  });
});
