import { beforeEach, describe, expect, it } from '@jest/globals';
import { updated } from '../changes/change-feed.fake.js';
import { TestDesks, types } from './request-desk.fake.js';

let desks: TestDesks;

beforeEach(() => {
  desks = new TestDesks();
});

describe('Limits', () => {
  it('are 20 requests a second', () => {
    const guest = desks.visit();
    for (let request = 0; request < 25; request++) guest.ask({ type: 'Ping' });
    expect(guest.told.filter((code) => code === 'ok')).toHaveLength(20);
    expect(guest.told.slice(20)).toEqual(Array.from({ length: 5 }, () => 'rate_limited'));
    desks.clock.time += 1000;
    guest.ask({ type: 'Ping' });
    expect(guest.told.at(-1)).toBe('ok');
  });

  it('are three full syncs at once and then one in ten seconds, whichever request asks for them', () => {
    const guest = desks.visit();
    guest.ask({ type: 'GetAllFlags' }, { type: 'Subscribe' }, { type: 'GetAllFlags' }, { type: 'Subscribe', flags: ['a'] });
    expect(guest.told).toEqual(['ok', 'ok', 'ok', 'rate_limited']);
    desks.clock.time += 9999;
    guest.ask({ type: 'GetAllFlags' });
    desks.clock.time += 1;
    guest.ask({ type: 'GetAllFlags' });
    expect(guest.told.slice(4)).toEqual(['rate_limited', 'ok']);
  });

  it('are what is kept of answers that a peer does not read: nothing is appended beyond the bound, and the peer is cut', () => {
    const guest = desks.visit();
    guest.outlet.isSlow = true;
    desks.feed.commit(updated('a', 2, 'x'.repeat(30_000)));
    for (let second = 0; second < 20 && !guest.outlet.isDestroyed; second++) {
      desks.clock.time += 1000;
      for (let request = 0; request < 20; request++) guest.ask({ type: 'GetFlag', flag_id: 'a' });
    }
    expect(guest.outlet.isDestroyed).toBe(true);
    expect(guest.outlet.unsent).toBeLessThan(100_000);
  });
});

describe('What is no request', () => {
  it.each([undefined, null, 7, 'Ping', [], [{ type: 'Ping' }], {}, { type: 'ping' }, { type: 'Ping', request_id: 7 }])(
    'is answered with an Error: %j',
    (value) => {
      const guest = desks.visit();
      guest.ask(value);
      expect(types(guest)).toEqual(['Error']);
      expect(guest.session.isEnded).toBe(false);
    },
  );

  it('closes the connection the third time in a row, when all three have been answered', () => {
    const guest = desks.visit();
    guest.ask({}, { type: 'Nonsense', request_id: 'n' }, { type: 'Ping' }, {}, {});
    expect(guest.outlet.isEnded).toBe(false);
    guest.ask({}, { type: 'Ping' });
    expect(types(guest)).toEqual(['Error', 'Error', 'Pong', 'Error', 'Error', 'Error']);
    expect(guest.outlet.endReason).toBe('bad_requests');
  });
});
