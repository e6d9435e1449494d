import { expect, it } from '@jest/globals';
import { updated } from '../../src/changes/change-feed.fake.js';
import { FakeOutlet } from '../../src/sync/outlet.fake.js';
import { HubBench } from './hub-bench.js';

const LAG_BYTES = 4096;
const CHANGES = 60;

it('defect 4: a slow client is never left with a stale flag: what did not fit is sent to it once it reads again', () => {
  const bench = new HubBench({ lagBytes: LAG_BYTES });
  const outlet = new FakeOutlet();
  const { session } = bench.live(outlet);
  outlet.isSlow = true;
  for (let change = 1; change <= CHANGES; change += 1) bench.feed.commit(updated('a', 1 + change, `text ${change} `.repeat(20)));
  const lagged = session.isLagging;
  outlet.drainAll();

  const { messages } = outlet;
  expect(messages.map(({ id }) => Number(id?.split('.')[1]))).toEqual(Array.from({ length: CHANGES }, (_, index) => index + 1));
  expect(messages.at(-1)).toMatchObject({ type: 'FlagUpdated', data: { id: 'a', metadata: { version: 1 + CHANGES } } });
  expect([lagged, session.isLive]).toEqual([true, true]);
});
