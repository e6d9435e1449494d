import { beforeEach, describe, expect, it } from '@jest/globals';
import { type Source } from './client-receipt.js';
import { quantile } from './delays.js';
import { MOST_LAGGARDS } from './row.js';
import { Tally } from './tally.js';

/** A connection as the test moves it. */
class Peer implements Source {
  standsAt: Source['standsAt'] = { epoch: 'epoch001', revision: 5, mark: 'm00005' };
  wantsNothing = false;
  unsent = 0;
  cursor = 'epoch001.5.m00005';
  isWhole = true;
}

let now = 0;
let tally: Tally;

beforeEach(() => {
  now = 1000;
  tally = new Tally('epoch001', 5, { now: () => now, onWaiting: () => undefined });
});

let peers = 0;
function enter(peer = new Peer()) {
  peers += 1;
  const recipient = { connectionId: `c${peers}`, keyId: 'key', transport: 'sse', client: { name: 'app', version: '1' } };
  const receipt = tally.enter(recipient, peer);
  const deliver = (revision: number, unsent = 0) => {
    peer.standsAt = { epoch: 'epoch001', revision, mark: 'm' };
    peer.unsent = unsent;
    receipt.handed(revision, unsent);
  };
  const ack = (revision: number, waited = 0) => tally.acknowledge(receipt, { revision, text: `at ${revision}` }, waited, 250);
  return { peer, receipt, deliver, ack };
}

const standings = () => tally.take().standings;
const delaysOf = (revision: number) => tally.take().delays.find((of) => of.revision === revision)?.buckets ?? [];

describe('A client that does not acknowledge', () => {
  it('has what has left the process, and not what is still unsent', () => {
    const { peer, deliver } = enter();
    deliver(6);
    expect(standings()).toEqual([[6, 1, 0]]);
    deliver(7, 100);
    expect(standings()).toEqual([[6, 1, 0]]);
    peer.unsent = 0;
    expect(standings()).toEqual([[7, 1, 0]]);
  });
});

describe('A client that acknowledges', () => {
  it('has what it says, and not what it was sent', () => {
    const { deliver, ack } = enter();
    deliver(6);
    ack(6);
    deliver(7);
    expect(standings()).toEqual([[6, 1, 1]]);
    expect(tally.take().laggards).toEqual([]);
    tally.read(7, null);
    expect(tally.take().laggards).toMatchObject([{ client: 'app', version: '1', revision: 6, cursor: 'at 6' }]);
    ack(7);
    expect(standings()).toEqual([[7, 1, 1]]);
  });

  it('is not believed what it was never sent', () => {
    const { deliver, ack } = enter();
    deliver(6);
    ack(9);
    expect(standings()).toEqual([[6, 1, 0]]);
  });

  it('has a revision without anything for it, once it has what came before', () => {
    const { peer, deliver, ack } = enter();
    deliver(6);
    ack(6);
    peer.standsAt = { epoch: 'epoch001', revision: 8, mark: 'm' };
    expect(standings()).toEqual([[8, 1, 1]]);
  });

  it('has nothing of another history', () => {
    const { deliver, ack } = enter();
    deliver(6);
    ack(6);
    tally.reset('epoch002', 2);
    expect(standings()).toEqual([[-1, 1, 1]]);
  });
});

describe('The delay of a revision', () => {
  it('is from the commit to the acknowledgement, less what the client waited', () => {
    const { deliver, ack } = enter();
    tally.read(6, 30);
    now += 12;
    deliver(6);
    ack(5);
    tally.read(7, 30);
    deliver(7);
    now += 500;
    ack(7, 480);
    expect(quantile(delaysOf(6), 0.5)).toBeCloseTo(42.5);
    expect(quantile(delaysOf(7), 0.5)).toBeCloseTo(50.5);
  });

  it('is not that of who came later', () => {
    tally.read(6, 30);
    now += 60_000;
    enter().deliver(6);
    expect(delaysOf(6)).toEqual([]);
  });

  it('is not that of the next revision, where both are acknowledged at once', () => {
    const { deliver, ack } = enter();
    ack(5);
    tally.read(6, 1);
    deliver(6);
    now += 100;
    tally.read(7, 1);
    deliver(7);
    ack(7);
    expect([delaysOf(6).length, delaysOf(7).length]).toEqual([0, 1]);
  });
});

it('names a hundred clients, those furthest behind, and counts all', () => {
  for (let count = 0; count < 150; count += 1) enter();
  const last = enter();
  last.peer.standsAt = { epoch: 'epoch001', revision: 3, mark: 'm' };
  tally.read(6, null);
  const { laggards, standings: all } = tally.take();
  expect(laggards).toHaveLength(MOST_LAGGARDS);
  expect(laggards[0]?.revision).toBe(3);
  expect(all).toEqual([
    [5, 150, 0],
    [3, 1, 0],
  ]);
});
