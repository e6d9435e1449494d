import { beforeEach, describe, expect, it } from '@jest/globals';
import { FakeFeed, updated } from '../../src/changes/change-feed.fake.js';
import { FakeRandom } from '../../src/common/random.fake.js';
import { readConfig } from '../../src/config/config.js';
import { NoticeSession } from '../../src/sync/notice-session.js';
import { FakeOutlet } from '../../src/sync/outlet.fake.js';
import { SyncFigures } from '../../src/sync/sync-figures.js';
import { NoticeRoom } from '../../src/evaluation/notices/notice-room.js';

const HEAD = 'epoch001.0.m00000';
const holder = { keyId: 'key-1', kind: 'client' as const, viaTicket: false, address: '192.0.2.1' };

let feed: FakeFeed;
let room: NoticeRoom;
let figures: SyncFigures;

beforeEach(() => {
  feed = new FakeFeed();
  room = new NoticeRoom(new FakeRandom());
  figures = new SyncFigures([]);
});

function enter(): { outlet: FakeOutlet; session: NoticeSession } {
  const outlet = new FakeOutlet();
  const session = new NoticeSession({ holder }, outlet, HEAD, figures, readConfig({}).retryMinMs);
  room.join(session);
  return { outlet, session };
}

const herd = (count: number) => Array.from({ length: count }, enter);
/** How many of them have been told by then. */
const told = (guests: readonly { outlet: FakeOutlet }[]) => guests.filter(({ outlet }) => outlet.frames.length > 0).length;

describe('A notice', () => {
  it('says where the flags are now, under the cursor as its id', () => {
    const { outlet, session } = enter();
    feed.commit(updated('a'));
    room.changed(true, 0);
    expect(room.send(feed.present, 0)).toBe(false);
    expect(outlet.text).toBe(
      `id: epoch001.1.m00001\ndata: {"type":"refetchEvaluation","etag":"epoch001.1.m00001","lastModified":1780272000}\n\n`,
    );
    expect(session.cursor).toBe('epoch001.1.m00001');
  });

  it('goes to one connection once a second at most, and whatever came meanwhile is one', () => {
    const { outlet } = enter();
    for (let now = 0; now < 10_000; now += 100) {
      feed.commit(updated('a', now + 2));
      room.changed(false, now);
      room.send(feed.present, now);
    }
    expect(outlet.messages.length).toBeGreaterThanOrEqual(9);
    expect(outlet.messages.length).toBeLessThanOrEqual(10);
    expect(room.send(feed.present, 11_000)).toBe(false);
    expect(outlet.messages.at(-1)?.id).toBe('epoch001.100.m00100');
  });

  it('to a thousand is spread: in no second more than a tenth of them, and all within half a minute', () => {
    const guests = herd(1000);
    room.changed(false, 0);
    let before = 0;
    let most = 0;
    for (let now = 1000; now <= 30_000; now += 1000) {
      room.send(feed.present, now - 1);
      most = Math.max(most, told(guests) - before);
      before = told(guests);
    }
    expect(most).toBeLessThanOrEqual(100);
    expect([told(guests), room.send(feed.present, 30_000)]).toEqual([1000, false]);
  });

  it('of a critical flag goes to all at once, also where another one was still on its way', () => {
    const guests = herd(1000);
    room.changed(false, 0);
    room.send(feed.present, 0);
    expect(told(guests)).toBeLessThan(10);
    room.changed(true, 5);
    expect(room.send(feed.present, 5)).toBe(true);
    // Who just got one waits for its second.
    expect(told(guests)).toBeGreaterThan(990);
    room.send(feed.present, 1005);
    expect(told(guests)).toBe(1000);
  });

  it('of what was missed comes once, and not to all who come back at the same moment', () => {
    const guests = herd(1000);
    for (const { session } of guests) room.missed(session, 0);
    room.send(feed.present, 999);
    expect(told(guests)).toBeLessThan(150);
    room.send(feed.present, 60_000);
    expect(guests.every(({ outlet }) => outlet.messages.length === 1)).toBe(true);
  });

  it('that cannot be written ends its own connection alone', () => {
    const guests = herd(3);
    guests[1]!.outlet.throws = true;
    room.changed(true, 0);
    room.send(feed.present, 0);
    expect(guests.map(({ outlet }) => [outlet.messages.length, outlet.isDestroyed])).toEqual([
      [1, false],
      [0, true],
      [1, false],
    ]);
    expect(figures.cuts.error).toBe(1);
  });

  it('is for nobody who has left', () => {
    const { outlet, session } = enter();
    room.changed(false, 0);
    room.leave(session);
    expect(room.send(feed.present, 5000)).toBe(false);
    expect([outlet.frames.length, room.isEmpty]).toEqual([0, true]);
  });
});
