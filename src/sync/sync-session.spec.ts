import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { formatCursor, parseFilter } from '@flagwire/protocol/sync';
import { deleted, FakeFeed, flags, updated } from '../changes/change-feed.fake.js';
import { RETRY_MS, settle, TestRoom } from './room.fake.js';

let feed: FakeFeed;
let room: TestRoom;

beforeEach(() => {
  feed = new FakeFeed(flags('a', 'b'));
  room = new TestRoom(feed);
});

const at = (revision: number) => `epoch001.${revision}.m${String(revision).padStart(5, '0')}`;

describe('A new connection', () => {
  it('gets a full sync where it presents nothing, and is live then', () => {
    const { session, outlet } = room.enter();
    expect(outlet.blocks[0]).toEqual({ id: 'none', retry: RETRY_MS, isPing: false, message: null });
    expect(outlet.summary).toEqual(['none SyncStarted', 'none FlagUpdated', 'none FlagUpdated', `${at(0)} SyncComplete`]);
    const [started, ...rest] = outlet.messages;
    expect(started?.data).toEqual({ mode: 'full', connection_id: 'connection-1', protocol: 1, ack_every_ms: 250 });
    expect(rest.at(-1)?.data).toEqual({ flag_count: 2 });
    expect(session.isLive).toBe(true);
    expect(session.cursor).toBe(at(0));
  });

  it('is told that it is up to date where it presents the head', () => {
    const { outlet } = room.enter(at(0));
    expect(outlet.blocks[0]).toEqual({ id: at(0), retry: RETRY_MS, isPing: false, message: null });
    expect(outlet.summary).toEqual([`${at(0)} SyncStarted`, `${at(0)} SyncComplete`]);
    expect(outlet.messages[0]?.data).toMatchObject({ mode: 'delta' });
  });

  it('gets the change sets after its cursor, each with its own cursor', () => {
    feed.commit(updated('a', 2));
    feed.commit(updated('a', 3), updated('b', 2));
    const { outlet } = room.enter(at(0));
    expect(outlet.summary).toEqual([
      `${at(0)} SyncStarted`,
      `${at(1)} FlagUpdated`,
      `${at(1)} FlagUpdated +`,
      `${at(2)} FlagUpdated`,
      `${at(2)} SyncComplete`,
    ]);
  });

  it.each(['rubbish', 'none', 'epoch001.00.m00000', 'epoch001.99999999999999999999.m00000', ''])(
    'gets a full sync for the cursor %j, which is none',
    (text) => {
      const { outlet } = room.enter(text);
      expect(outlet.blocks[0]?.id).toBe('none');
      expect(outlet.messages[0]?.data).toMatchObject({ mode: 'full' });
    },
  );

  it('gets a full sync where the log no longer reaches to its cursor', async () => {
    feed = new FakeFeed(flags('a', 'b'), 1);
    room = new TestRoom(feed);
    for (let version = 2; version < 6; version++) feed.commit(updated('a', version));
    feed.floor = 3;
    const { outlet } = room.enter(at(1));
    await settle();
    expect(outlet.summary.at(0)).toBe('none SyncStarted');
    expect(outlet.summary.at(-1)).toBe(`${at(4)} SyncComplete`);
  });

  it('is fed from the log, page by page, where memory no longer reaches to its cursor', async () => {
    feed = new FakeFeed(flags('a', 'b'), 1);
    room = new TestRoom(feed);
    for (let version = 2; version < 9; version++) feed.commit(updated('a', version));
    feed.page = 2;
    const { session, outlet } = room.enter(at(1));
    await settle();
    expect(outlet.summary).toEqual([
      `${at(1)} SyncStarted`,
      ...[2, 3, 4, 5, 6, 7].map((revision) => `${at(revision)} FlagUpdated`),
      `${at(7)} SyncComplete`,
    ]);
    expect(session.isLive).toBe(true);
  });

  it('gets of each change set what its filter lets through, under cursors of that filter', () => {
    const filter = parseFilter(['b']);
    const { outlet, session } = room.enterLive(filter);
    const hash = session.cursor.split('.')[3] ?? '';
    feed.commit(updated('b', 2), updated('a', 2));
    feed.commit(deleted('a', 3));
    expect(outlet.summary).toEqual([`${at(1)}.${hash} FlagUpdated`]);
    expect(session.cursor).toBe(`${at(2)}.${hash}`);
  });

  it('gets a full sync where its cursor is of another filter', () => {
    const { outlet } = room.enter(formatCursor(feed.head, '0a1b2c3d'), parseFilter(['b']));
    expect(outlet.summary.map((line) => line.split(' ')[1])).toEqual(['SyncStarted', 'FlagUpdated', 'SyncComplete']);
    expect(outlet.messages.at(-1)?.data).toEqual({ flag_count: 1 });
  });
});

describe('A live connection', () => {
  it('gets every event of a change set, all but the last with `more` and the cursor before the set', () => {
    const { outlet } = room.enterLive();
    feed.commit(updated('a', 2), updated('b', 2), deleted('a', 3));
    expect(outlet.summary).toEqual([`${at(0)} FlagUpdated +`, `${at(0)} FlagUpdated +`, `${at(1)} FlagDeleted`]);
  });

  it('shares its bytes with all who want the same', () => {
    const guests = [room.enterLive(), room.enterLive(), room.enterLive(parseFilter(['a', 'b']))];
    feed.commit(updated('a', 2));
    const [first, second, other] = guests.map(({ outlet }) => outlet.frames[0]);
    expect(first).toBe(second);
    expect(first).not.toBe(other);
    expect(room.encodings).toBe(2);
  });

  it('is told of nothing that another connection asked for', () => {
    const { outlet } = room.enterLive();
    room.enter();
    expect(outlet.frames).toEqual([]);
  });

  it('gets several change sets of one read in order', () => {
    const { outlet } = room.enterLive();
    feed.commitAll([updated('a', 2)], [updated('a', 3)], [updated('b', 2)]);
    expect(outlet.summary).toEqual([1, 2, 3].map((revision) => `${at(revision)} FlagUpdated`));
  });
});

describe('While the database is away', () => {
  beforeEach(() => void jest.useFakeTimers());
  afterEach(() => void jest.useRealTimers());

  const openingOf = (id: string) => ({ id, retry: RETRY_MS, isPing: false, message: null });

  it('a cursor that this node cannot judge opens a stream that decides nothing, and it is decided later', async () => {
    feed.isAway = true;
    const { session, outlet } = room.enter(at(5));
    await jest.advanceTimersByTimeAsync(3000);
    expect(session.isLive).toBe(false);
    expect(outlet.messages).toEqual([]);
    feed.isAway = false;
    await jest.advanceTimersByTimeAsync(300);
    expect(outlet.summary.at(0)).toBe('none SyncStarted');
    expect(session.isLive).toBe(true);
  });

  it('the stream is opened after two seconds where the database does not answer', async () => {
    feed.hold();
    const { outlet } = room.enter(at(5));
    await jest.advanceTimersByTimeAsync(1999);
    expect(outlet.blocks).toEqual([]);
    await jest.advanceTimersByTimeAsync(1);
    expect(outlet.blocks).toEqual([openingOf(at(5))]);
  });

  it('the stream is opened after two seconds, too, where the database refuses at once', async () => {
    feed.isAway = true;
    const { outlet } = room.enter(at(5));
    await jest.advanceTimersByTimeAsync(2500);
    expect(outlet.blocks).toEqual([openingOf(at(5))]);
  });

  it('a connection that leaves is asked for no more', async () => {
    feed.isAway = true;
    const { session, outlet } = room.enter(at(5));
    await jest.advanceTimersByTimeAsync(1000);
    session.close();
    const { questions } = feed;
    await jest.advanceTimersByTimeAsync(10_000);
    expect(feed.questions).toBe(questions);
    expect(outlet.frames).toEqual([]);
  });

  it('a cursor that is ahead of this node is answered once the node has caught up, and never with less', async () => {
    feed.write(updated('a', 2));
    feed.hold();
    const { outlet } = room.enter(at(1));
    await jest.advanceTimersByTimeAsync(500);
    expect(outlet.frames).toEqual([]);
    feed.answer();
    await jest.advanceTimersByTimeAsync(0);
    expect(outlet.summary).toEqual([`${at(1)} SyncStarted`, `${at(1)} SyncComplete`]);
  });
});
