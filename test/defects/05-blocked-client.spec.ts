import { setImmediate as turn } from 'node:timers/promises';
import { expect, it } from '@jest/globals';
import { updated } from '../../src/changes/change-feed.fake.js';
import { FakeOutlet } from '../../src/sync/outlet.fake.js';
import { HubBench } from './hub-bench.js';

it('defect 5: one blocked client delays nobody: the others have the change in the same turn', async () => {
  const bench = new HubBench();
  const blocked = bench.live(new FakeOutlet()).outlet;
  const others = [1, 2, 3].map(() => bench.live().outlet);
  blocked.isSlow = true;
  bench.feed.commit(updated('a', 2));
  bench.feed.commit(updated('a', 3));
  const inTurn = others.map(({ summary }) => summary);
  await turn();
  expect(blocked.needsDrain).toBe(true);
  expect(inTurn).toEqual(others.map(() => ['epoch001.1.m00001 FlagUpdated', 'epoch001.2.m00002 FlagUpdated']));
});

it('invariant 5: a throw while writing to one connection ends that connection only', () => {
  const bench = new HubBench();
  const broken = bench.live();
  const other = bench.live();
  broken.outlet.throws = true;
  bench.feed.commit(updated('a', 2));
  expect([broken.session.isEnded, broken.outlet.isDestroyed]).toEqual([true, true]);
  expect(other.outlet.summary).toEqual(['epoch001.1.m00001 FlagUpdated']);
});
