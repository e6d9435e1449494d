import { beforeEach, describe, expect, it } from '@jest/globals';
import { FakeFeed, flags, updated } from '../changes/change-feed.fake.js';
import { SLICE_BYTES } from './frame.js';
import { FakeOutlet } from './outlet.fake.js';
import { settle, TestRoom } from './room.fake.js';

const at = (revision: number) => `epoch001.${revision}.m${String(revision).padStart(5, '0')}`;
const hugeSet = (version: number) => ['a', 'b'].map((id) => updated(id, version, 'x'.repeat(SLICE_BYTES - 1000)));
const oversized = (version: number) => updated('a', version, 'x'.repeat(3 * SLICE_BYTES));

let feed: FakeFeed;
let room: TestRoom;
const enterSlowly = (presented: string | null = null) => {
  const outlet = new FakeOutlet();
  outlet.isSlow = true;
  return room.enter(presented, null, outlet);
};

beforeEach(() => {
  feed = new FakeFeed(flags('a', 'b'));
  room = new TestRoom(feed);
});

describe('Goodbye', () => {
  it('carries the cursor up to which a live connection has everything, with the delay before it', () => {
    const { session, outlet } = room.enterLive();
    feed.commit(updated('a', 2));
    outlet.clear();
    session.goodbye('shutdown', 4321);
    expect(outlet.blocks).toEqual([
      { id: at(1), retry: 4321, isPing: false, message: null },
      { id: at(1), retry: null, isPing: false, message: { type: 'Goodbye', data: { reason: 'shutdown', retry_after_ms: 4321 } } },
    ]);
    expect([outlet.isEnded, session.isEnded]).toEqual([true, true]);
  });

  it('names no delay to a client that shall not come back', () => {
    const { session, outlet } = room.enterLive();
    session.goodbye('key_revoked', null);
    expect(outlet.blocks).toHaveLength(1);
    expect(outlet.messages[0]?.data).toEqual({ reason: 'key_revoked', retry_after_ms: null });
  });

  it('in the middle of a full sync leaves the client with no cursor', () => {
    feed = new FakeFeed(flags(...Array.from({ length: 900 }, (_, index) => `flag-${index}`)));
    room = new TestRoom(feed);
    const { session, outlet } = enterSlowly();
    outlet.drain();
    outlet.drain();
    session.goodbye('shutdown', 1000);
    expect(outlet.messages.at(-1)).toMatchObject({ type: 'Goodbye', id: 'none' });
    expect(outlet.summary.some((line) => line.endsWith('SyncComplete'))).toBe(false);
  });

  it('is not put between the events of a change set: the connection ends without it', () => {
    const { session, outlet } = room.enterLive();
    outlet.isSlow = true;
    feed.commit(...hugeSet(2));
    session.goodbye('shutdown', 1000);
    expect([outlet.summary, outlet.isEnded]).toEqual([[`${at(0)} FlagUpdated +`], true]);
  });

  it('behind a change set of several slices carries the cursor after it', () => {
    const { session, outlet } = room.enterLive();
    outlet.isSlow = true;
    feed.commit(...hugeSet(2));
    outlet.drain();
    session.goodbye('shutdown', 1000);
    expect(outlet.summary).toEqual([`${at(0)} FlagUpdated +`, `${at(1)} FlagUpdated`, `${at(1)} Goodbye`]);
  });

  it('is not put into the middle of a message: the connection ends without it', () => {
    const { session, outlet } = room.enterLive();
    outlet.isSlow = true;
    feed.commit(oversized(2));
    session.goodbye('shutdown', 1000);
    expect(outlet.text).not.toContain('Goodbye');
    expect(outlet.isEnded).toBe(true);
  });

  it('is said once, and nothing is sent after it', () => {
    const { session, outlet } = room.enterLive();
    session.goodbye('shutdown', 1000);
    session.goodbye('key_revoked', null);
    feed.commit(updated('a', 2));
    outlet.drain();
    expect(outlet.summary).toEqual([`${at(0)} Goodbye`]);
  });

  it('is said to live connections whose environment is gone', () => {
    const { outlet } = room.enterLive();
    feed.remove();
    expect(outlet.messages.map(({ data }) => data)).toEqual([{ reason: 'environment_deleted', retry_after_ms: null }]);
    expect(outlet.isDestroyed).toBe(false);
  });

  it('is the answer to a connection that comes when its environment is gone', async () => {
    feed.remove();
    const { outlet } = room.enter(at(0));
    await settle();
    expect(outlet.messages[0]?.data).toEqual({ reason: 'environment_deleted', retry_after_ms: null });
    expect(outlet.isEnded).toBe(true);
  });
});

describe('A replica that was loaded anew', () => {
  it('gives every connection a full sync in place', () => {
    const guests = [room.enterLive(), room.enterLive()];
    feed.replace('epoch002', flags('c'));
    for (const { outlet, session } of guests) {
      expect(outlet.summary).toEqual(['none SyncStarted', 'none FlagUpdated', 'epoch002.0.m00000 SyncComplete']);
      expect(session.isLive).toBe(true);
      expect(session.cursor).toBe('epoch002.0.m00000');
    }
    feed.commit(updated('c', 2));
    expect(guests[0]?.outlet.summary.at(-1)).toBe('epoch002.1.m00001 FlagUpdated');
  });

  it('lets a change set that is on its way end first', () => {
    const { outlet } = room.enterLive();
    outlet.isSlow = true;
    feed.commit(...hugeSet(2));
    feed.replace('epoch002', flags('c'));
    outlet.drainAll();
    expect(outlet.summary).toEqual([
      `${at(0)} FlagUpdated +`,
      `${at(1)} FlagUpdated`,
      'none SyncStarted',
      'none FlagUpdated',
      'epoch002.0.m00000 SyncComplete',
    ]);
  });

  it('overrules what the log said to a reader who was waiting for it', async () => {
    feed = new FakeFeed(flags('a', 'b'), 1);
    room = new TestRoom(feed);
    for (let version = 2; version < 9; version++) feed.commit(updated('a', version));
    const { outlet } = enterSlowly(at(2));
    await settle();
    feed.hold();
    outlet.drainAll();
    feed.replace('epoch002', flags('c'));
    feed.answer();
    await settle();
    outlet.drainAll();
    await settle();
    outlet.drainAll();
    expect(outlet.summary.slice(-3)).toEqual(['none SyncStarted', 'none FlagUpdated', 'epoch002.0.m00000 SyncComplete']);
  });

  it('leaves a live connection at what it last had, until the full sync begins', () => {
    const { session, outlet } = room.enterLive();
    for (let version = 2; version < 5; version++) feed.commit(updated('a', version));
    outlet.isSlow = true;
    feed.commit(updated('a', 5));
    feed.replace('epoch002', flags('c'));
    session.goodbye('shutdown', 1000);
    expect(outlet.messages.at(-1)).toMatchObject({ type: 'Goodbye', id: at(4) });
  });

  it('starts a full sync over that is under way', () => {
    feed = new FakeFeed(flags(...Array.from({ length: 900 }, (_, index) => `flag-${index}`)));
    room = new TestRoom(feed);
    const { outlet } = enterSlowly();
    outlet.drain();
    outlet.drain();
    feed.replace('epoch002', flags('c'));
    outlet.drainAll();
    const last = outlet.summary.slice(-3);
    expect(last).toEqual(['none SyncStarted', 'none FlagUpdated', 'epoch002.0.m00000 SyncComplete']);
    expect(outlet.summary.filter((line) => line.endsWith('SyncComplete'))).toHaveLength(1);
  });

  it('ends a message first that fills several slices', () => {
    feed = new FakeFeed([{ ...flags('a')[0]!, description: 'x'.repeat(3 * SLICE_BYTES) }]);
    room = new TestRoom(feed);
    const { outlet } = enterSlowly();
    while (!outlet.text.includes('xxx')) outlet.drain();
    feed.replace('epoch002', flags('c'));
    outlet.drainAll();
    expect(outlet.summary).toEqual([
      'none SyncStarted',
      'none FlagUpdated',
      'none SyncStarted',
      'none FlagUpdated',
      'epoch002.0.m00000 SyncComplete',
    ]);
  });
});
