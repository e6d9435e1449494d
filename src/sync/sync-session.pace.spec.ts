import { beforeEach, describe, expect, it, jest } from '@jest/globals';
import { FakeFeed, flags, updated } from '../changes/change-feed.fake.js';
import { frameOf, openText } from './form.js';
import { SLICE_BYTES } from './frame.js';
import { FakeOutlet } from './outlet.fake.js';
import { LAG_BYTES, settle, TestRoom } from './room.fake.js';
import { SSE } from './sse-form.js';

const PING_FRAME = SSE.ping;
const HEARTBEAT = openText({ type: 'Heartbeat', data: { timestamp: 1, age_ms: 0 } });
const at = (revision: number) => `epoch001.${revision}.m${String(revision).padStart(5, '0')}`;
const manyFlags = () => flags(...Array.from({ length: 600 }, (_, index) => `flag-${index}`));
/** A change set that takes several slices. */
const hugeSet = (version: number) => ['a', 'b'].map((id) => updated(id, version, 'x'.repeat(SLICE_BYTES - 1000)));

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

describe('A slow reader', () => {
  it('is sent nothing beyond the lag limit, and is then fed from the log by its cursor', () => {
    const { session, outlet } = room.enterLive();
    outlet.isSlow = true;
    for (let version = 2; version < 60; version++) feed.commit(updated('a', version));
    expect(outlet.unsent).toBeLessThan(LAG_BYTES + 1000);
    expect(session.isLive).toBe(false);
    expect(session.isLagging).toBe(true);

    outlet.drainAll();
    expect(outlet.summary).toEqual(Array.from({ length: 58 }, (_, index) => `${at(index + 1)} FlagUpdated`));
    expect(session.isLive).toBe(true);
  });

  it('holds nobody else up', () => {
    const slow = room.enterLive();
    const quick = room.enterLive();
    slow.outlet.isSlow = true;
    for (let version = 2; version < 60; version++) feed.commit(updated('a', version));
    expect(quick.outlet.summary).toHaveLength(58);
  });

  it('gets a full sync in place where the log no longer reaches to it', async () => {
    feed = new FakeFeed(flags('a', 'b'), 5);
    room = new TestRoom(feed);
    const { session, outlet } = room.enterLive();
    outlet.isSlow = true;
    for (let version = 2; version < 100; version++) feed.commit(updated('a', version));
    feed.floor = 90;
    outlet.drain();
    await settle();
    outlet.drainAll();
    await settle();
    const started = outlet.messages.findIndex(({ type }) => type === 'SyncStarted');
    expect(outlet.messages[started]).toMatchObject({ id: 'none', data: { mode: 'full' } });
    expect(outlet.summary.at(-1)).toBe(`${at(98)} SyncComplete`);
    expect(session.isLive).toBe(true);
  });

  it('waits with one callback, however much is committed meanwhile', () => {
    const { outlet } = room.enterLive();
    outlet.isSlow = true;
    for (let version = 2; version < 200; version++) feed.commit(updated('a', version));
    expect(outlet.waiters).toBe(1);
  });

  it('is sent a snapshot slice by slice, each when the one before has left', () => {
    feed = new FakeFeed(manyFlags());
    room = new TestRoom(feed);
    const { session, outlet } = enterSlowly();
    const most: number[] = [];
    while (!session.isLive) {
      most.push(outlet.unsent);
      outlet.drain();
    }
    expect(Math.max(...most)).toBeLessThanOrEqual(SLICE_BYTES);
    expect(outlet.frames.length).toBeGreaterThan(3);
    expect(outlet.summary).toHaveLength(602);
  });

  it('is cut when its socket takes nothing for long enough, not as long as it takes a little', () => {
    const { session, outlet } = room.enterLive();
    outlet.isSlow = true;
    feed.commit(updated('a', 2));
    expect(session.vitals.isStalled(1000, 30_000)).toBe(false);
    outlet.progress = 5;
    expect(session.vitals.isStalled(20_000, 30_000)).toBe(false);
    expect(session.vitals.isStalled(49_999, 30_000)).toBe(false);
    expect(session.vitals.isStalled(50_000, 30_000)).toBe(true);
  });

  it('does not count as stalled while there is nothing to take, or while it waits for its turn on the socket', () => {
    const { session, outlet } = room.enterLive();
    expect(session.vitals.isStalled(1000, 30_000)).toBe(false);
    expect(session.vitals.isStalled(100_000, 30_000)).toBe(false);
    outlet.unsent = 10;
    outlet.progress = null;
    expect(session.vitals.isStalled(200_000, 30_000)).toBe(false);
    expect(session.vitals.isStalled(300_000, 30_000)).toBe(false);
  });
});

describe('A large change set', () => {
  it('goes out at the pace of its reader, whole, before anything else', () => {
    const { session, outlet } = room.enterLive();
    outlet.isSlow = true;
    feed.commit(...hugeSet(2));
    feed.commit(updated('a', 3));
    expect(session.isLive).toBe(false);
    expect(outlet.unsent).toBeLessThanOrEqual(SLICE_BYTES);
    outlet.drainAll();
    expect(outlet.summary).toEqual([`${at(0)} FlagUpdated +`, `${at(1)} FlagUpdated`, `${at(2)} FlagUpdated`]);
  });

  it('is not interrupted by pings and heartbeats', () => {
    const { session, outlet } = room.enterLive();
    outlet.isSlow = true;
    feed.commit(...hugeSet(2));
    const pulse = () => {
      session.pulse(PING_FRAME);
      session.pulse(frameOf(SSE, { openText: HEARTBEAT, id: session.cursor }));
    };
    while (!session.isLive) {
      pulse();
      outlet.drain();
    }
    expect(outlet.blocks).toHaveLength(2);
    pulse();
    expect(outlet.summary.at(-1)).toBe(`${at(1)} Heartbeat`);
  });

  it('leaves its reader at the cursor before it until it has gone out', () => {
    const { session, outlet } = room.enterLive();
    outlet.isSlow = true;
    feed.commit(...hugeSet(2));
    expect(session.cursor).toBe(at(0));
    outlet.drainAll();
    expect(session.cursor).toBe(at(1));
  });
});

describe('Pings', () => {
  it('reach a connection that is live, and one that is undecided', () => {
    jest.useFakeTimers();
    feed.hold();
    const live = room.enterLive();
    const undecided = room.enter(at(7));
    jest.advanceTimersByTime(2000);
    jest.useRealTimers();
    for (const { session } of [live, undecided]) session.pulse(PING_FRAME);
    expect(live.outlet.text).toBe(': ping\n\n');
    expect(undecided.outlet.blocks.at(-1)?.isPing).toBe(true);
    undecided.session.close();
  });

  it('are spared where too much is unsent, and within a sync', () => {
    feed = new FakeFeed(manyFlags());
    room = new TestRoom(feed);
    const full = room.enterLive();
    full.outlet.unsent = LAG_BYTES + 1;
    const syncing = enterSlowly();
    for (const { session } of [full, syncing]) session.pulse(PING_FRAME);
    expect(full.outlet.frames).toEqual([]);
    expect(syncing.outlet.blocks.some(({ isPing }) => isPing)).toBe(false);
  });

  it('go on while the log cannot be read: whoever waits for it is not taken for gone', async () => {
    feed = new FakeFeed(flags('a', 'b'), 1);
    room = new TestRoom(feed);
    for (let version = 2; version < 9; version++) feed.commit(updated('a', version));
    const { session, outlet } = enterSlowly(at(2));
    await settle();
    for (let version = 9; version < 12; version++) feed.commit(updated('a', version));
    feed.hold();
    outlet.isSlow = false;
    outlet.drainAll();
    await settle();
    outlet.clear();
    session.pulse(PING_FRAME);
    expect([session.isLive, outlet.text]).toEqual([false, ': ping\n\n']);
    session.close();
  });
});
