import { describe, expect, it } from '@jest/globals';
import { ENVIRONMENT, FakeFeed, flags } from '../changes/change-feed.fake.js';
import { FakeClock } from '../common/clock.fake.js';
import { readConfig } from '../config/config.js';
import { type Source } from './client-receipt.js';
import { Ledger } from './ledger.js';

const SOURCE: Source = { standsAt: null, wantsNothing: true, unsent: 0, cursor: 'none', isWhole: true };

function everyMs(clients: number, env: { [name: string]: string } = {}): number {
  const ledger = new Ledger(new FakeFeed(flags('a')), new FakeClock(), readConfig(env));
  for (let count = 0; count < clients; count += 1)
    ledger.enter(ENVIRONMENT.id, { connectionId: `c${count}`, keyId: 'key', transport: 'sse', client: null }, SOURCE);
  const { everyMs } = ledger;
  ledger.onApplicationShutdown();
  return everyMs;
}

describe('How often a node asks its clients for receipts', () => {
  it('is seldom enough for it to hear 500 a second, and at most four times a second of each', () => {
    expect([0, 125, 126, 5000].map((clients) => everyMs(clients))).toEqual([250, 250, 252, 10_000]);
  });

  it('follows FLAGWIRE_ACKS_PER_SECOND, and is never where that is 0', () => {
    expect(everyMs(100, { FLAGWIRE_ACKS_PER_SECOND: '20' })).toBe(5000);
    expect([0, 5000].map((clients) => everyMs(clients, { FLAGWIRE_ACKS_PER_SECOND: '0' }))).toEqual([0, 0]);
  });
});
