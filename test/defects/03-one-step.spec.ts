import { expect, it } from '@jest/globals';
import { updated } from '../../src/changes/change-feed.fake.js';
import { HubBench } from './hub-bench.js';

const bench = new HubBench();

it('defect 3: snapshot and cursor are taken in one synchronous step: an update at connect is sent, not counted as seen', () => {
  const { outlet } = bench.connect(null);
  bench.feed.commit(updated('a'));
  expect(outlet.summary.slice(-2)).toEqual(['epoch001.0.m00000 SyncComplete', 'epoch001.1.m00001 FlagUpdated']);
});
