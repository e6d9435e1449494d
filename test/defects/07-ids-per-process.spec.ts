import { expect, it } from '@jest/globals';
import { useNodes } from './in-process-node.js';

const nodes = useNodes();

it('defect 7: ids are cursors of the log: a client goes on at another node with exactly what it missed', async () => {
  const { url } = await nodes.postgres();
  const [first, second] = await Promise.all([nodes.start({ databaseUrl: url }), nodes.start({ databaseUrl: url })]);
  const key = await first.key();
  await first.admin.createFlag('one');
  const probe = await first.stream({ key });
  const { cursors: seen } = await first.admin.createFlag('two');
  await probe.waitForCursor(seen['production'] ?? '');
  expect(probe.cursor).toBe(seen['production']);
  await probe.close();

  const { cursors: missed } = await first.admin.createFlag('three');
  const resumed = await probe.reconnect({ url: second.url });
  await resumed.waitForCursor(missed['production'] ?? '');
  expect(resumed.messages.map(({ type, id }) => `${type} ${id}`)).toEqual([
    `SyncStarted ${seen['production']}`,
    `FlagCreated ${missed['production']}`,
    `SyncComplete ${missed['production']}`,
  ]);
  expect(resumed.messages[0]?.data).toMatchObject({ mode: 'delta' });
  resumed.assertInOrder();
  await resumed.close();
});
