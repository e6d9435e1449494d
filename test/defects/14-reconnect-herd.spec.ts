import { expect, it } from '@jest/globals';
import { updated } from '../../src/changes/change-feed.fake.js';
import { FakeOutlet } from '../../src/sync/outlet.fake.js';
import { type Connection, HubBench } from './hub-bench.js';

const HERD = 200;
const MISSED = 3;
const MINUTE = 60_000;

function benchWithHistory(): HubBench {
  const bench = new HubBench();
  for (let change = 1; change <= 10; change += 1) bench.feed.commit(updated('a', 1 + change));
  return bench;
}

function herd(bench: HubBench, cursor: string | null): Connection[] {
  return Array.from({ length: HERD }, () => bench.connect(cursor));
}

/** Comes, has its sync and goes. @returns what it was sent last. */
function visit(bench: HubBench): Buffer | undefined {
  const { outlet, close } = bench.connect(null);
  close();
  return outlet.frames.at(-1)?.bytes;
}

/** The bytes that more than one connection was given are counted once. */
function distinctBytes(connections: readonly Connection[]): number {
  const chunks = new Set(connections.flatMap(({ outlet }) => outlet.frames.map(({ bytes }) => bytes)));
  return [...chunks].reduce((sum, chunk) => sum + chunk.length, 0);
}

it('defect 14: a herd that comes back with its cursors gets what it missed, not all flags', () => {
  const bench = benchWithHistory();
  const connections = herd(bench, 'epoch001.7.m00007');
  const summaries = new Set(connections.map(({ outlet }) => outlet.summary.join(', ')));
  expect([...summaries]).toEqual([
    [
      'epoch001.7.m00007 SyncStarted',
      'epoch001.8.m00008 FlagUpdated',
      'epoch001.9.m00009 FlagUpdated',
      'epoch001.10.m00010 FlagUpdated',
      'epoch001.10.m00010 SyncComplete',
    ].join(', '),
  ]);
});

it('defect 14: the change sets that a herd missed are encoded once, and all connections share the bytes', () => {
  const bench = benchWithHistory();
  const connections = herd(bench, 'epoch001.7.m00007');
  expect(bench.hub.figures.encodings).toBe(MISSED);
  expect(new Set(connections.map(({ outlet }) => outlet.frames[2]?.bytes)).size).toBe(1);
});

it('defect 14: a full sync is built once for a revision, and all connections share the bytes', () => {
  const bench = new HubBench();
  const text = 'x'.repeat(20_000);
  bench.feed.commit(updated('a', 2, text), updated('b', 2, text), updated('c', 2, text));
  // Of its own a connection has its first block and its SyncStarted.
  expect(distinctBytes(herd(bench, null))).toBeLessThan(2 * 3 * text.length + HERD * 500);
});

it('defect 14: a full sync is built once for clients that come one after the other, none of whom stays', () => {
  const bench = new HubBench();
  const first = visit(bench);
  expect(first).toBeDefined();
  bench.hub.leaveEmptyRooms(0);
  bench.hub.leaveEmptyRooms(MINUTE - 1);
  expect(visit(bench)).toBe(first);
});

it('defect 14: a full sync that nobody has asked for in a minute is not kept', () => {
  const bench = new HubBench();
  const first = visit(bench);
  bench.hub.leaveEmptyRooms(0);
  bench.hub.leaveEmptyRooms(MINUTE);
  expect(visit(bench)).not.toBe(first);
});

it('defect 14: clients are told to come back at different times', () => {
  const bench = new HubBench({ retryMinMs: 1000, retryMaxMs: 5000 });
  const retries = herd(bench, null).map(({ outlet }) => outlet.blocks[0]?.retry ?? 0);
  expect(Math.min(...retries)).toBeGreaterThanOrEqual(1000);
  expect(Math.max(...retries)).toBeLessThanOrEqual(5000);
  expect(new Set(retries).size).toBeGreaterThan(HERD / 2);
});

it('defect 14: at a shutdown the Goodbyes go out in portions', async () => {
  const bench = new HubBench({ drainMs: 100 });
  const connections = Array.from({ length: 40 }, () => bench.live(new FakeOutlet()));
  const ended = () => connections.filter(({ session }) => session.isEnded).length;
  const drained = bench.hub.drain();
  expect(ended()).toBeLessThanOrEqual(connections.length / 10);
  await drained;
  expect(ended()).toBe(connections.length);
});
