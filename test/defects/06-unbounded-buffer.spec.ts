import { expect, it } from '@jest/globals';
import { updated } from '../../src/changes/change-feed.fake.js';
import { FakeOutlet } from '../../src/sync/outlet.fake.js';
import { HubBench } from './hub-bench.js';

const LAG_BYTES = 16 * 1024;
const STALL_MS = 30_000;
const TEXT = 'x'.repeat(2000);

function withStalledClient() {
  const bench = new HubBench({ lagBytes: LAG_BYTES, stallMs: STALL_MS });
  const { outlet, session } = bench.live(new FakeOutlet());
  outlet.isSlow = true;
  for (let change = 1; change <= 500; change += 1) bench.feed.commit(updated('a', 1 + change, TEXT));
  return { bench, outlet, session };
}

it('defect 6: what is unsent to one client has a bound, and a figure that shows who has reached it', () => {
  const { bench, outlet } = withStalledClient();
  const oneMore = TEXT.length + 1000;
  expect(outlet.unsent).toBeGreaterThan(LAG_BYTES);
  expect(outlet.unsent).toBeLessThan(LAG_BYTES + oneMore);
  expect([bench.hub.figures.connections().sse, bench.hub.figures.lagging()]).toEqual([1, 1]);
});

it('defect 6: a client that does not read is cut after the stall time, and counted', () => {
  const { bench, outlet, session } = withStalledClient();
  bench.hub.cutStalled(0);
  bench.hub.cutStalled(STALL_MS - 1);
  expect(outlet.isDestroyed).toBe(false);
  bench.hub.cutStalled(STALL_MS);
  expect([outlet.isDestroyed, session.isEnded, bench.hub.figures.cuts.stalled]).toEqual([true, true, 1]);
});
