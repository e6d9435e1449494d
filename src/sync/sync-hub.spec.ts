import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { KeyRing } from '../auth/key-ring.js';
import { ENVIRONMENT, FakeFeed, flags, updated } from '../changes/change-feed.fake.js';
import { Resumption } from '../changes/resumption.js';
import { closedDatabase } from '../changes/sqlite-log.fake.js';
import { subscriptionTo } from '../changes/subscription.js';
import { FakeClock } from '../common/clock.fake.js';
import { FakeRandom } from '../common/random.fake.js';
import { readConfig } from '../config/config.js';
import { FakeOutlet } from './outlet.fake.js';
import { Pulse } from './pulse.js';
import { Ledger } from '../receipts/ledger.js';
import { ReconnectAdvice } from './reconnect-advice.js';
import { RoomParts } from './room-parts.js';
import { SyncHub } from './sync-hub.js';
import { FakeTurns } from './turns.fake.js';

let feed: FakeFeed;
let clock: FakeClock;
let keys: KeyRing;
let hub: SyncHub;

function open(config = readConfig({ FLAGWIRE_MAX_CONNECTIONS: '3', FLAGWIRE_MAX_PER_SERVER_KEY: '2' })): void {
  feed = new FakeFeed(flags('a', 'b'));
  clock = new FakeClock();
  keys = new KeyRing(closedDatabase(), feed, config, clock);
  hub = new SyncHub(
    feed,
    new RoomParts(feed, new Resumption(feed), new Ledger(feed, clock, config), new FakeTurns(), config),
    new ReconnectAdvice(config, new FakeRandom()),
    keys,
    config,
  );
}

const holder = (keyId: string) => ({ keyId, kind: 'server' as const, viaTicket: false, address: '192.0.2.1' });

function enter(keyId = 'key-1') {
  const outlet = new FakeOutlet();
  const subscriber = { connectionId: 'c', holder: holder(keyId), subscription: subscriptionTo(null), client: null };
  const session = hub.open(ENVIRONMENT.id, subscriber, outlet);
  session.begin(null);
  outlet.clear();
  return { outlet, session, leave: () => hub.close(session, ENVIRONMENT.id) };
}

beforeEach(() => {
  jest.useFakeTimers();
  Logger.overrideLogger(false);
  open();
});
afterEach(() => {
  keys.onApplicationShutdown();
  hub.onApplicationShutdown();
  jest.useRealTimers();
});

describe('The hub', () => {
  it('sends each change to everybody, encoded once', () => {
    const guests = [enter(), enter(), enter('key-2')];
    feed.commit(updated('a', 2));
    expect(guests.map(({ outlet }) => outlet.summary)).toEqual(guests.map(() => ['epoch001.1.m00001 FlagUpdated']));
    expect(hub.figures.connections()).toEqual({ sse: 3, websocket: 0, 'socket.io': 0, grpc: 0 });
    expect([hub.figures.lagging(), hub.figures.encodings, hub.figures.cuts.stalled]).toEqual([0, 1, 0]);
  });

  it('takes no more connections than it may, in all and for one key, and others again when some have left', () => {
    const first = enter();
    enter();
    expect(hub.refusal(holder('key-1'))).toEqual({ reason: 'overload', limit: 'key' });
    // The closed database knows no key: but that is another refusal than being full.
    expect(hub.refusal(holder('key-2'))?.reason).not.toBe('overload');
    enter('key-2');
    expect(hub.refusal(holder('key-3'))).toEqual({ reason: 'overload', limit: 'node' });
    first.leave();
    expect(hub.refusal(holder('key-1'))?.reason).not.toBe('overload');
  });

  it('forgets whoever leaves, once or twice', () => {
    const { leave, outlet, session } = enter();
    leave();
    leave();
    feed.commit(updated('a', 2));
    expect(outlet.frames).toEqual([]);
    expect(session.isEnded).toBe(true);
    expect(hub.figures.connections().sse).toBe(0);
  });

  it('says Goodbye to all whose environment is gone', () => {
    const guests = [enter(), enter()];
    feed.remove();
    for (const { outlet } of guests) {
      expect(outlet.messages.map(({ data }) => data)).toEqual([{ reason: 'environment_deleted', retry_after_ms: null }]);
    }
  });

  it('cuts those whose socket makes no progress, and counts them', () => {
    const { outlet } = enter();
    enter();
    outlet.isSlow = true;
    feed.commit(updated('a', 2));
    hub.cutStalled(0);
    hub.cutStalled(29_999);
    expect(outlet.isDestroyed).toBe(false);
    hub.cutStalled(30_000);
    expect(outlet.isDestroyed).toBe(true);
    expect(hub.figures.cuts).toEqual({ stalled: 1, silent: 0, unread: 0, error: 0 });
  });
});

describe('A throw while a connection is served', () => {
  it('ends it, is counted, and is logged once a minute', () => {
    const logged = jest.spyOn(Logger.prototype, 'error').mockImplementation(() => undefined);
    const healthy = enter();
    const breakOne = () => {
      enter().outlet.throws = true;
      feed.commit(updated('a', 2));
    };
    breakOne();
    breakOne();
    expect([hub.figures.cuts.error, logged.mock.calls.length]).toEqual([2, 1]);
    expect(String(logged.mock.calls[0]?.[0])).toContain('The connection is broken');
    jest.advanceTimersByTime(60_000);
    breakOne();
    expect([hub.figures.cuts.error, logged.mock.calls.length]).toEqual([3, 2]);
    expect(healthy.session.isLive).toBe(true);
    logged.mockRestore();
  });
});

describe('A peer that is asked for signs of life', () => {
  it('is cut when it has given none for three pings', () => {
    const { outlet } = enter();
    outlet.heardAt = 0;
    hub.cutStalled(44_999);
    expect(outlet.isDestroyed).toBe(false);
    hub.cutStalled(45_000);
    expect(outlet.isDestroyed).toBe(true);
  });

  it('is not cut while it reads what was sent before the ping, however long that takes', () => {
    const { outlet } = enter();
    outlet.heardAt = 0;
    outlet.isSlow = true;
    for (let now = 0; now <= 300_000; now += 3000) {
      if (now % 15_000 === 0) feed.commit(updated('a', 2 + now));
      outlet.progress = now;
      hub.cutStalled(now);
    }
    expect(outlet.isDestroyed).toBe(false);
    outlet.isSlow = false;
    outlet.drainAll();
    hub.cutStalled(345_000);
    expect(outlet.isDestroyed).toBe(true);
  });
});

describe('Draining', () => {
  it('sends all away, spread over its time, each with a delay of its own, and takes nobody', async () => {
    open(readConfig({ FLAGWIRE_DRAIN_S: '5' }));
    const guests = Array.from({ length: 40 }, () => enter());
    const told = () => guests.filter(({ outlet }) => outlet.isEnded).length;
    const drained = hub.drain();
    expect(told()).toBe(2);
    expect(hub.refusal(holder('key-1'))?.reason).toBe('shutdown');
    await jest.advanceTimersByTimeAsync(2500);
    expect(told()).toBe(22);
    await jest.advanceTimersByTimeAsync(2500);
    await drained;
    expect(told()).toBe(40);
    const delays = guests.map(({ outlet }) => outlet.messages[0]?.data['retry_after_ms']);
    expect(new Set(delays).size).toBeGreaterThan(30);
  });

  it('is over at once where nobody is there', async () => {
    await expect(hub.drain()).resolves.toBeUndefined();
  });
});

describe('The pulse', () => {
  const config = readConfig({ FLAGWIRE_PING_S: '15', FLAGWIRE_HEARTBEAT_S: '30' });
  let pulse: Pulse;
  beforeEach(() => {
    open(config);
    pulse = new Pulse(hub, feed, clock, config);
    pulse.onApplicationBootstrap();
  });
  afterEach(() => pulse.onApplicationShutdown());

  it('pings every connection once in 15 s, and beats once in 30 s, with its cursor and the age of the log', () => {
    const guests = Array.from({ length: 20 }, () => enter());
    feed.commit(updated('a', 2));
    for (const { outlet } of guests) outlet.clear();
    feed.age = 120;
    jest.advanceTimersByTime(30_000);
    for (const { outlet } of guests) {
      expect(outlet.blocks.filter(({ isPing }) => isPing)).toHaveLength(2);
      expect(outlet.messages).toEqual([
        { id: 'epoch001.1.m00001', type: 'Heartbeat', data: { timestamp: Math.floor(clock.time / 1000), age_ms: 120 } },
      ]);
    }
  });

  it('does not serve everybody in one turn', () => {
    const guests = Array.from({ length: 30 }, () => enter());
    jest.advanceTimersByTime(1000);
    const pinged = guests.filter(({ outlet }) => outlet.frames.length > 0).length;
    expect(pinged).toBeLessThanOrEqual(2);
  });

  it('is hurt by no connection that throws', () => {
    const [broken, whole] = [enter(), enter()];
    broken.outlet.throws = true;
    jest.advanceTimersByTime(15_000);
    expect(broken.outlet.isDestroyed).toBe(true);
    expect(whole.outlet.blocks.some(({ isPing }) => isPing)).toBe(true);
  });

  it('leaves no timer behind', () => {
    pulse.onApplicationShutdown();
    const { outlet } = enter();
    jest.advanceTimersByTime(60_000);
    expect(outlet.frames).toEqual([]);
  });
});
