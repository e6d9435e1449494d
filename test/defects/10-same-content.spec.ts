import { expect, it } from '@jest/globals';
import { poll, type PollBody } from '../support/poll-client.js';
import { useNodes } from './in-process-node.js';

const nodes = useNodes();

it('defect 10: from A to B to A is two changes: the tag of the first A is old, and a stream is told both', async () => {
  const node = await nodes.start();
  const { admin } = node;
  const key = await node.key();
  await admin.createFlag('one', { description: 'A' });
  const probe = await node.stream({ key });
  const first = await poll({ url: node.url, key });

  await admin.patchFlag('one', { description: 'B' });
  const { cursors } = await admin.patchFlag('one', { description: 'A' });
  const second = await poll({ url: node.url, key, headers: { 'If-None-Match': first.header('etag') ?? '' } });
  expect(second.status).toBe(200);
  expect(second.header('etag')).not.toBe(first.header('etag'));
  expect((second.json() as PollBody).cursor).toBe(cursors['production']);

  await probe.waitForCursor(cursors['production'] ?? '');
  expect(
    probe.applied.flatMap(({ events }) => events.map(({ data }) => ('description' in data ? data.description : null))),
  ).toEqual(['B', 'A']);
  await probe.close();
});
