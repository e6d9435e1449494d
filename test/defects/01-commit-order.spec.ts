import { expect, it } from '@jest/globals';
import { ChangeFeed } from '../../src/changes/change-feed.js';
import { type FreshDatabase } from '../support/fresh-database.js';
import { revisionOf } from '../support/cursor.js';
import { eventually } from '../support/wait.js';
import { useNodes } from './in-process-node.js';

const nodes = useNodes();

/** The writers that wait for another one's lock. */
async function waitingWriters(database: FreshDatabase): Promise<number> {
  const rows = await database.query(
    `SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`,
  );
  return rows.length;
}

it('defect 1: revisions become visible in the order of commits: a slow writer is not passed by the next one, and not skipped', async () => {
  const database = await nodes.postgres();
  const node = await nodes.start({ databaseUrl: database.url });
  const probe = await node.stream({ key: await node.key() });

  let hasAppended: () => void = () => undefined;
  let letGo: () => void = () => undefined;
  const appended = new Promise<void>((resolve) => (hasAppended = resolve));
  const commit = new Promise<void>((resolve) => (letGo = resolve));
  const slow = node.append('slow', '', async () => {
    hasAppended();
    await commit;
  });
  await appended;
  let isDone = false;
  const quick = node.append('quick').finally(() => (isDone = true));
  await eventually(async () => isDone || (await waitingWriters(database)) > 0, {
    what: 'the second writer has come as far as it can',
  });
  // If the second is committed by now, the node has read it, and stands behind the first.
  await node.part(ChangeFeed).catchUp();
  letGo();
  const cursors = await Promise.all([slow, quick]);

  expect(cursors.map(revisionOf)).toEqual([1, 2]);
  await probe.waitForState((state) => state.has('slow') && state.has('quick'));
  probe.assertInOrder();
  await probe.close();
});
