import { beforeEach, describe, expect, it } from '@jest/globals';
import { type FlagFilter, parseFilter } from '@flagwire/protocol/sync';
import { flags, updated } from '../changes/change-feed.fake.js';
import { at, raw, TestDesks, types, type Visitor } from './request-desk.fake.js';

let desks: TestDesks;

beforeEach(() => {
  desks = new TestDesks();
});

describe('Subscribe', () => {
  it('is answered with a full sync of the new filter, every message with the request’s id', () => {
    const guest = desks.visit();
    guest.ask({ type: 'Subscribe', flags: ['a*'], request_id: 'r1' });
    expect(types(guest)).toEqual(['SyncStarted', 'FlagUpdated', 'FlagUpdated', 'SyncComplete']);
    expect(new Set(raw(guest).map(({ request_id }) => request_id))).toEqual(new Set(['r1']));
    expect(guest.session.cursor).toMatch(/^epoch001\.0\.m00000\.[0-9a-f]{8}$/);
    expect(raw(guest).at(-1)).toMatchObject({ id: guest.session.cursor, data: { flag_count: 2 } });
    expect(guest.told).toEqual(['ok']);
  });

  it('moves the connection to what it wants now: it gets no other change', () => {
    const guest = desks.visit();
    guest.ask({ type: 'Subscribe', flags: ['b'] });
    guest.outlet.clear();
    desks.feed.commit(updated('a', 2));
    desks.feed.commit(updated('b', 2));
    expect(types(guest)).toEqual(['FlagUpdated']);
    expect(raw(guest)[0]?.request_id).toBeUndefined();
    guest.ask({ type: 'Subscribe' });
    guest.outlet.clear();
    desks.feed.commit(updated('a', 3));
    expect(guest.outlet.summary).toEqual([`${at(3)} FlagUpdated`]);
  });

  it('cannot leave the filter of a ticket, and without flags asks for all of it', () => {
    const guest = desks.visit(parseFilter(['a*']));
    guest.ask({ type: 'Subscribe', flags: ['b'] }, { type: 'Subscribe', flags: ['*'] }, { type: 'Subscribe', flags: ['ab'] });
    expect(guest.told).toEqual(['forbidden', 'forbidden', 'ok']);
    expect(types(guest)).toEqual(['Error', 'Error', 'SyncStarted', 'FlagUpdated', 'SyncComplete']);
    desks.clock.time += 60_000;
    guest.outlet.clear();
    guest.ask({ type: 'Subscribe', flags: null });
    expect(raw(guest).at(-1)?.data).toEqual({ flag_count: 2 });
  });

  it('is refused where it names no flags, or what cannot be one', () => {
    const guest = desks.visit();
    guest.ask({ type: 'Subscribe', flags: [] }, { type: 'Subscribe', flags: ['no spaces'] }, { type: 'Subscribe', flags: 'a' });
    expect(guest.told).toEqual(['invalid_input', 'invalid_input', 'malformed_request']);
    desks.feed.commit(updated('a', 2));
    expect(types(guest).at(-1)).toBe('FlagUpdated');
  });
});

describe('Unsubscribe', () => {
  it('ends the events, and with them the cursor, until the next Subscribe', () => {
    const guest = desks.visit();
    guest.ask({ type: 'Unsubscribe' }, { type: 'Ping', request_id: 'p' });
    desks.feed.commit(updated('a', 2));
    expect(guest.outlet.summary).toEqual(['none Pong']);
    guest.ask({ type: 'Subscribe' });
    expect(guest.outlet.summary.at(-1)).toBe(`${at(1)} SyncComplete`);
    desks.feed.commit(updated('a', 3));
    expect(guest.outlet.summary.at(-1)).toBe(`${at(2)} FlagUpdated`);
  });

  it('leaves GetAllFlags a full sync that no cursor comes of', () => {
    const guest = desks.visit();
    guest.ask({ type: 'Unsubscribe' }, { type: 'GetAllFlags' });
    expect(guest.outlet.summary.at(-1)).toBe('none SyncComplete');
    desks.feed.commit(updated('a', 2));
    desks.feed.replace('epoch002', flags('c'));
    expect(guest.outlet.summary.at(-1)).toBe('none SyncComplete');
    expect(guest.session.isLive).toBe(true);
  });
});

describe('GetFlag', () => {
  it('gives the flag as it is now, also outside the filter, and changes no cursor', () => {
    const guest = desks.visit(null, parseFilter(['b']));
    const { cursor } = guest.session;
    guest.ask({ type: 'GetFlag', flag_id: 'a', request_id: 'g' });
    expect(raw(guest)).toMatchObject([{ type: 'FlagUpdated', id: cursor, request_id: 'g', data: { id: 'a' } }]);
    expect(guest.session.cursor).toBe(cursor);
  });

  it('is an Error where there is no such flag, or the ticket is not for it', () => {
    const guest = desks.visit(parseFilter(['a']));
    guest.ask({ type: 'GetFlag', flag_id: 'b' }, { type: 'GetFlag', flag_id: 'a' }, { type: 'GetFlag', flag_id: '__proto__' });
    expect(guest.told).toEqual(['forbidden', 'ok', 'forbidden']);
    const other = desks.visit();
    other.ask({ type: 'GetFlag', flag_id: '__proto__' }, { type: 'GetFlag', flag_id: 'gone' });
    expect(other.told).toEqual(['flag_not_found', 'flag_not_found']);
  });
});

describe('An answer', () => {
  it('comes after what was to be sent before it, and shows the state at that point', () => {
    const guest = desks.visit();
    guest.outlet.isSlow = true;
    desks.feed.commit(updated('a', 2, 'x'.repeat(20_000)));
    guest.ask({ type: 'GetFlag', flag_id: 'b', request_id: 'g' });
    desks.feed.commit(updated('b', 2));
    expect(types(guest)).toEqual(['FlagUpdated']);
    guest.outlet.drainAll();
    const [, change, answer] = raw(guest);
    expect([change?.request_id, change?.id, answer?.request_id, answer?.id]).toEqual([undefined, at(2), 'g', at(2)]);
    expect(answer?.data).toMatchObject({ id: 'b', metadata: { version: 2 } });
  });

  it('goes to nobody else', () => {
    const [guest, other] = [desks.visit(), desks.visit()];
    guest.ask({ type: 'GetAllFlags' }, { type: 'GetFlag', flag_id: 'a' }, { type: 'Ping' });
    expect(other.outlet.frames).toEqual([]);
  });
});

describe('An environment that is deleted', () => {
  it('is said to those, too, who want no events, and are the last of it', () => {
    const guest = desks.visit();
    guest.ask({ type: 'Unsubscribe' });
    desks.feed.remove();
    expect(raw(guest)).toEqual([
      expect.objectContaining({ type: 'Goodbye', id: 'none', data: { reason: 'environment_deleted', retry_after_ms: null } }),
    ]);
  });
});

describe('A request whose full sync has to wait for its reader', () => {
  /** A connection whose socket takes nothing more for now. */
  function slowly(wanted: FlagFilter | null = null): Visitor {
    const guest = desks.visit(null, wanted);
    desks.feed.commit(updated('a', 2));
    guest.outlet.isSlow = true;
    desks.feed.commit(updated('a', 3));
    guest.outlet.clear();
    return guest;
  }

  it('Subscribe leaves no cursor of flags that were never sent: a Goodbye meanwhile is under none', () => {
    const guest = slowly(parseFilter(['a']));
    guest.ask({ type: 'Subscribe', flags: ['b'] });
    expect(types(guest)).toEqual([]);
    guest.session.goodbye('shutdown', 1000);
    expect(guest.outlet.summary).toEqual(['none Goodbye']);
  });

  it('GetAllFlags leaves the cursor up to which the connection has everything', () => {
    const guest = slowly();
    guest.ask({ type: 'GetAllFlags' });
    guest.session.goodbye('shutdown', 1000);
    expect(guest.outlet.summary).toEqual([`${at(2)} Goodbye`]);
  });

  it('is answered with its id once: a full sync of another cause has none', () => {
    const guest = slowly();
    guest.ask({ type: 'GetAllFlags', request_id: 'r1' });
    while (!guest.outlet.text.includes('SyncComplete')) guest.outlet.drain();
    desks.feed.replace('epoch002', flags('c'));
    guest.outlet.drainAll();
    const syncs = raw(guest).filter(({ type }) => type === 'SyncStarted' || type === 'SyncComplete');
    expect(syncs.map(({ request_id }) => request_id)).toEqual(['r1', 'r1', undefined, undefined]);
  });

  it('is answered with its id where another full sync is due meanwhile: one is enough', () => {
    const guest = slowly();
    guest.ask({ type: 'GetAllFlags', request_id: 'r1' });
    desks.feed.replace('epoch002', flags('c'));
    guest.outlet.drainAll();
    const syncs = raw(guest).filter(({ type }) => type === 'SyncStarted');
    expect(syncs.map(({ request_id }) => request_id)).toEqual(['r1']);
  });
});
