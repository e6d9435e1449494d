import { expect, it } from '@jest/globals';
import { type FlagEvent } from '@flagwire/protocol/sync';
import { aFlag, deleted } from '../../src/changes/change-feed.fake.js';
import { FakeOutlet } from '../../src/sync/outlet.fake.js';
import { HubBench } from './hub-bench.js';
import { useNodes } from './in-process-node.js';

const nodes = useNodes();

const created = (id: string, version: number): FlagEvent => ({ type: 'FlagCreated', data: aFlag(id, version) });

it('defect 19: delete and re-create keep the order of the log, for clients that are live, slow or come back', () => {
  const bench = new HubBench({ lagBytes: 1 });
  const live = bench.live(new FakeOutlet());
  const slow = bench.live(new FakeOutlet());
  slow.outlet.isSlow = true;
  bench.feed.commitAll([deleted('a', 2)], [created('a', 3)], [deleted('a', 4)], [created('a', 5)], [deleted('b', 2)]);
  slow.outlet.drainAll();
  const back = bench.connect('epoch001.0.m00000').outlet;

  const order = [
    ...['epoch001.1.m00001 FlagDeleted', 'epoch001.2.m00002 FlagCreated', 'epoch001.3.m00003 FlagDeleted'],
    ...['epoch001.4.m00004 FlagCreated', 'epoch001.5.m00005 FlagDeleted'],
  ];
  expect(live.outlet.summary).toEqual(order);
  expect(slow.outlet.summary).toEqual(order);
  expect(back.summary.slice(1, -1)).toEqual(order);
});

it('defect 19: versions go on over delete and re-create, and whoever writes at the same time ends in the order of the log', async () => {
  const node = await nodes.start();
  const { admin } = node;
  const { headers } = await admin.createFlag('born-again');
  expect(headers['flagwire-cursor']).toBeDefined();
  const probe = await node.stream({ key: await node.key() });
  const writes = Array.from({ length: 20 }, (_, write) =>
    write % 2 === 0 ? admin.archive('born-again') : admin.restore('born-again'),
  );
  await Promise.all(writes);
  const { cursors } = await admin.restore('born-again');
  await probe.waitForCursor(cursors['production'] ?? '');

  const events = probe.messages.filter(({ type }) => type === 'FlagDeleted' || type === 'FlagCreated');
  const versions = events.map(({ data }) => ('metadata' in data ? data.metadata.version : 'version' in data ? data.version : 0));
  expect(versions).toEqual(Array.from({ length: events.length }, (_, index) => index + 2));
  expect(probe.state.get('born-again')).toEqual((await admin.getEnv('born-again', 'production')).body);
  probe.assertInOrder();
  await probe.close();
});
