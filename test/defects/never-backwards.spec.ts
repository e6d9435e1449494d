import { setImmediate as turn } from 'node:timers/promises';
import { expect, it } from '@jest/globals';
import { formatCursor } from '@flagwire/protocol/sync';
import { updated } from '../../src/changes/change-feed.fake.js';
import { HubBench } from './hub-bench.js';

it('invariant 8: a node behind the presented cursor reads the log first, and answers with no less than the client has', async () => {
  const bench = new HubBench();
  const seenElsewhere = formatCursor(bench.feed.write(updated('a', 2)));
  const { outlet } = bench.connect(seenElsewhere);
  expect(outlet.text).toBe('');
  await turn();
  expect(outlet.summary).toEqual([`${seenElsewhere} SyncStarted`, `${seenElsewhere} SyncComplete`]);
});
