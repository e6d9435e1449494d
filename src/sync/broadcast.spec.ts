import { beforeEach, describe, expect, it } from '@jest/globals';
import { parseFilter } from '@flagwire/protocol/sync';
import { FakeFeed, flags, updated } from '../changes/change-feed.fake.js';
import { SLICE_BYTES } from './frame.js';
import { type Guest, LAG_BYTES, TestRoom } from './room.fake.js';
import { DELIVERIES_PER_TURN } from './turns.js';

const at = (revision: number) => `epoch001.${revision}.m${String(revision).padStart(5, '0')}`;
const all = (...revisions: number[]) => revisions.map((revision) => `${at(revision)} FlagUpdated`);
const summaries = (guests: readonly Guest[]) => new Set(guests.map(({ outlet }) => outlet.summary.join(', ')));

let feed: FakeFeed;
let room: TestRoom;
let version = 1;
const change = (flag = 'a') => feed.commit(updated(flag, (version += 1)));
const crowd = (count: number) => Array.from({ length: count }, () => room.enterLive());

beforeEach(() => {
  feed = new FakeFeed(flags('a', 'b'));
  room = new TestRoom(feed);
  room.turns.hold();
});

describe('Changes that are read in one turn', () => {
  it('leave together, as one frame, in order, encoded once each', () => {
    const guests = crowd(2);
    for (let made = 0; made < 10; made += 1) change();
    expect(guests[0]?.outlet.frames).toEqual([]);
    expect(room.turns.all()).toBe(1);
    expect(guests.map(({ outlet }) => outlet.frames.length)).toEqual([1, 1]);
    expect(guests[0]?.outlet.frames[0]).toBe(guests[1]?.outlet.frames[0]);
    expect(guests[1]?.outlet.summary).toEqual(all(1, 2, 3, 4, 5, 6, 7, 8, 9, 10));
    expect(room.encodings).toBe(10);
  });

  it('are those of a filter, where there is one: whoever wants none of them gets nothing, and stands behind them', () => {
    const [some, none] = [room.enterLive(parseFilter(['a'])), room.enterLive(parseFilter(['x']))];
    change('a');
    change('b');
    change('a');
    room.turns.all();
    expect(some.outlet.frames).toHaveLength(1);
    expect(some.outlet.summary.map((line) => line.split('.')[1])).toEqual(['1', '3']);
    expect(none.outlet.frames).toEqual([]);
    expect([some, none].map(({ session }) => session.cursor.split('.')[1])).toEqual(['3', '3']);
  });

  it('go out at the pace of their reader where they fill more than a slice', () => {
    const [quick, slow] = [room.enterLive(), room.enterLive()];
    slow.outlet.isSlow = true;
    for (let made = 0; made < 3; made += 1) feed.commit(updated('a', (version += 1), 'x'.repeat(SLICE_BYTES / 2)));
    room.turns.all();
    expect([quick.session.isLive, slow.session.isLive]).toEqual([true, false]);
    expect(slow.outlet.unsent).toBeLessThan(SLICE_BYTES);
    slow.outlet.drainAll();
    expect(summaries([quick, slow])).toEqual(new Set([all(1, 2, 3).join(', ')]));
    expect(slow.session.isLive).toBe(true);
  });

  it('are fed to whoever has too much unsent, as any others', () => {
    const { outlet, session } = room.enterLive();
    outlet.isSlow = true;
    while (outlet.unsent <= LAG_BYTES) {
      change();
      room.turns.all();
    }
    expect(session.isLive).toBe(false);
    change();
    room.turns.all();
    outlet.drainAll();
    expect(outlet.summary).toEqual(all(...Array.from({ length: outlet.summary.length }, (_, index) => index + 1)));
    expect(session.cursor).toBe(`${at(outlet.summary.length)}`);
  });
});

describe('A round over several turns', () => {
  it('serves so many in each, all in the end, and nobody twice', () => {
    const guests = crowd(3 * DELIVERIES_PER_TURN - 1);
    change();
    const served = () => guests.filter(({ outlet }) => outlet.frames.length > 0).length;
    const inTurns: number[] = [];
    while (room.turns.next()) inTurns.push(served());
    expect(inTurns).toEqual([DELIVERIES_PER_TURN, 2 * DELIVERIES_PER_TURN, 3 * DELIVERIES_PER_TURN - 1]);
    expect(summaries(guests)).toEqual(new Set([all(1).join()]));
  });

  it('is not overtaken by the next change, which waits until everybody has this one', () => {
    const guests = crowd(2 * DELIVERIES_PER_TURN);
    change();
    room.turns.next();
    change();
    change();
    room.turns.all();
    expect(summaries(guests)).toEqual(new Set([all(1, 2, 3).join(', ')]));
    expect(guests.map(({ outlet }) => outlet.frames.length).every((frames) => frames === 2)).toBe(true);
  });

  it('gives no newcomer a change twice, nor hides one from it, whenever it comes', () => {
    crowd(DELIVERIES_PER_TURN + 10);
    change();
    const beforeTheFirst = room.enterLive();
    room.turns.next();
    const inTheRound = room.enterLive();
    const resumed = room.enter(at(0));
    change();
    const betweenGathered = room.enterLive();
    change();
    const newcomers = [beforeTheFirst, inTheRound, betweenGathered];
    expect(newcomers.map(({ session }) => session.cursor)).toEqual([at(1), at(1), at(2)]);
    room.turns.all();
    expect(newcomers.map(({ outlet }) => outlet.summary)).toEqual([all(2, 3), all(2, 3), all(3)]);
    expect(resumed.outlet.summary).toEqual([`${at(0)} SyncStarted`, ...all(1), `${at(1)} SyncComplete`, ...all(2, 3)]);
    change();
    room.turns.all();
    expect(newcomers.map(({ session }) => session.cursor)).toEqual([at(4), at(4), at(4)]);
  });

  it('is missed by nobody when others leave, and not waited for when all have left', () => {
    const guests = crowd(DELIVERIES_PER_TURN + 10);
    change();
    room.turns.next();
    for (const { session } of guests.splice(0, 5)) session.close();
    for (const { session } of guests.splice(-5)) session.close();
    room.turns.all();
    expect(summaries(guests)).toEqual(new Set([all(1).join()]));
    change();
    room.turns.next();
    change();
    for (const { session } of guests) session.close();
    const late = room.enterLive();
    expect(late.session.cursor).toBe(at(3));
    room.turns.all();
    expect([late.outlet.frames, late.session.cursor]).toEqual([[], at(3)]);
    change();
    room.turns.all();
    expect(late.outlet.summary).toEqual(all(4));
  });

  it('leaves everybody the cursor of what it was sent: who is sent away in its midst resumes from there', () => {
    const guests = crowd(DELIVERIES_PER_TURN + 1);
    change();
    room.turns.next();
    for (const { session } of guests) session.goodbye('key_revoked', null);
    expect(guests[0]?.outlet.summary).toEqual([...all(1), `${at(1)} Goodbye`]);
    expect(guests.at(-1)?.outlet.summary).toEqual([`${at(0)} Goodbye`]);
    room.turns.all();
    expect(guests.at(-1)?.outlet.summary).toHaveLength(1);
  });

  it('ends where the replica is loaded anew: a full sync, and nothing of what was gathered', () => {
    const guests = crowd(DELIVERIES_PER_TURN + 1);
    change();
    room.turns.next();
    change();
    feed.replace('epoch002', flags('c'));
    room.turns.all();
    const fullSync = ['none SyncStarted', 'none FlagUpdated', 'epoch002.0.m00000 SyncComplete'];
    expect(guests[0]?.outlet.summary).toEqual([...all(1), ...fullSync]);
    expect(guests.at(-1)?.outlet.summary).toEqual(fullSync);
    expect(new Set(guests.map(({ session }) => session.cursor))).toEqual(new Set(['epoch002.0.m00000']));
  });

  it('does not go on with a connection that has thrown, and goes on with the others', () => {
    const guests = crowd(3);
    guests[1]!.outlet.throws = true;
    change();
    change();
    room.turns.all();
    expect(guests.map(({ outlet }) => outlet.summary.length)).toEqual([2, 0, 2]);
    expect(guests.map(({ session }) => session.isEnded)).toEqual([false, true, false]);
  });
});

describe('Whoever asks while a change is on its way', () => {
  it('has it first: the answer shows the state at its place', () => {
    const { session, outlet } = room.enterLive();
    change();
    session.ask(() => session.tellFlag('a', 'g'));
    expect(outlet.summary).toEqual([...all(1), `${at(1)} FlagUpdated`]);
    room.turns.all();
    expect(outlet.summary).toHaveLength(2);
    change();
    room.turns.all();
    expect(outlet.summary.at(-1)).toBe(`${at(2)} FlagUpdated`);
  });

  it('for other flags gets none of it twice, and for none gets nothing', () => {
    crowd(DELIVERIES_PER_TURN);
    const [other, none] = [room.enterLive(), room.enterLive()];
    change();
    room.turns.next();
    other.session.ask(() => other.session.subscribe({ filter: parseFilter(['a', 'b']), filterHash: '0a1b2c3d' }, undefined));
    none.session.ask(() => none.session.unsubscribe());
    room.turns.all();
    expect(other.outlet.summary.map((line) => line.split(' ')[1]).slice(-4)).toEqual([
      'SyncStarted',
      'FlagUpdated',
      'FlagUpdated',
      'SyncComplete',
    ]);
    expect(none.outlet.summary).toEqual(all(1));
    change();
    room.turns.all();
    expect(other.outlet.summary.at(-1)).toBe(`${at(2)}.0a1b2c3d FlagUpdated`);
    expect(none.outlet.summary).toHaveLength(1);
  });
});
