import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { ENVIRONMENT, flags, updated } from '../../src/changes/change-feed.fake.js';
import { FakeOutlet } from '../../src/sync/outlet.fake.js';
import { type Connection, HubBench } from './hub-bench.js';

/** What the bench's connections were let in with. */
const KEY = 'key';

describe('The receipt of a change', () => {
  let bench: HubBench;
  let outlet: FakeOutlet;
  let client: Connection;

  beforeEach(() => {
    bench = new HubBench();
    outlet = new FakeOutlet();
    client = bench.live(outlet);
    acknowledge(KEY);
  });
  afterEach(() => bench.stop());

  /** By `POST /sdk/ack`, of the newest revision. */
  function acknowledge(keyId: string): void {
    const { connectionId, cursor } = client.session;
    bench.ledger.acknowledge({ connectionId, keyId, cursor, waitedMs: 0 });
  }

  /** By revision: how many clients have it and nothing newer. */
  function standings(): (readonly [revision: number, clients: number])[] {
    const { standings = [] } = bench.ledger.count(ENVIRONMENT.id) ?? {};
    return standings.map(([revision, clients]) => [revision, clients]);
  }

  it('is taken from the key of the connection, and from no other one', () => {
    bench.feed.commit(updated('a', 2));
    acknowledge('a stranger');
    expect(standings()).toEqual([[0, 1]]);
    acknowledge(KEY);
    expect(standings()).toEqual([[1, 1]]);
  });

  it('is taken from no other key either where it came to another node', () => {
    bench.feed.commit(updated('a', 2));
    const { connectionId, cursor } = client.session;
    bench.ledger.takeStrays([[connectionId, 'a stranger', cursor, 0]], 10);
    expect(standings()).toEqual([[0, 1]]);
    bench.ledger.takeStrays([[connectionId, KEY, cursor, 0]], 10);
    expect(standings()).toEqual([[1, 1]]);
  });

  it('is that of a client which was slow for a while, too', () => {
    outlet.isSlow = true;
    for (const version of [2, 3, 4]) bench.feed.commit(updated('a', version, 'x'.repeat(200_000)));
    expect([client.session.isLagging, standings()]).toEqual([true, [[0, 1]]]);
    outlet.drainAll();
    acknowledge(KEY);
    expect([client.session.isLive, standings()]).toEqual([true, [[3, 1]]]);
  });

  it('counts no more when an older database was restored, whose revisions come again with other content', () => {
    bench.feed.commit(updated('a', 2));
    acknowledge(KEY);
    bench.feed.replace('epoch001', flags('a', 'b', 'c'), 1);
    expect(standings()).toEqual([[-1, 1]]);
    acknowledge(KEY);
    expect(standings()).toEqual([[1, 1]]);
  });

  it('is not that of the lost history, while a slow client has not been sent the other one', () => {
    bench.feed.commit(updated('a', 2));
    acknowledge(KEY);
    outlet.isSlow = true;
    bench.feed.commit(updated('a', 3));
    bench.feed.replace('epoch001', flags('a', 'b', 'c'), 1);
    expect(standings()).toEqual([[-1, 1]]);
    outlet.drainAll();
    acknowledge(KEY);
    expect(standings()).toEqual([[1, 1]]);
  });
});
