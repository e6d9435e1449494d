import { beforeAll, describe, expect, it } from '@jest/globals';
import { type AdminAnswer, type AdminClient } from '../support/admin-client.js';
import { revisionOf } from '../support/cursor.js';
import { EtagPoller } from '../support/poll-client.js';
import { type InProcessNode, useNodes } from './in-process-node.js';

const nodes = useNodes();

interface Kind {
  write: (admin: AdminClient, flag: string) => Promise<AdminAnswer>;
  /** What comes before, to a flag that is new and disabled. */
  prepare?: Kind['write'];
}

const KINDS: Record<string, Kind> = {
  'a new flag': { write: (admin, flag) => admin.createFlag(`${flag}.another`) },
  'a toggle': { write: (admin, flag) => admin.patchEnv(flag, 'production', { status: 'enabled' }) },
  'a default variant': { write: (admin, flag) => admin.patchEnv(flag, 'production', { default_variant: 'on' }) },
  'a rule': { write: (admin, flag) => admin.patchEnv(flag, 'production', { targeting: { if: [true, 'on', 'off'] } }) },
  'a change set': { write: (admin, flag) => admin.changeSet('production', [{ flag, status: 'deprecated' }]) },
  'a rename': { write: (admin, flag) => admin.patchFlag(flag, { name: 'Another name' }) },
  'a description': { write: (admin, flag) => admin.patchFlag(flag, { description: 'What it is for' }) },
  tags: { write: (admin, flag) => admin.patchFlag(flag, { tags: ['new'] }) },
  'an owner': { write: (admin, flag) => admin.patchFlag(flag, { owner: 'payments' }) },
  'a mark as critical': { write: (admin, flag) => admin.patchFlag(flag, { critical: true }) },
  'a new variant': { write: (admin, flag) => admin.patchFlag(flag, { variants: { on: true, off: false, none: false } }) },
  'a default for all': { write: (admin, flag) => admin.patchFlag(flag, { default_variant: 'on' }) },
  'an archiving': { write: (admin, flag) => admin.archive(flag) },
  'a restoring': { prepare: (admin, flag) => admin.archive(flag), write: (admin, flag) => admin.restore(flag) },
};

describe('defect 11: every kind of change moves the revision of the environment that shows it:', () => {
  let node: InProcessNode;
  let poller: EtagPoller;

  beforeAll(async () => {
    node = await nodes.start();
    poller = new EtagPoller({ url: node.url, key: await node.key() });
  });

  it.each(Object.entries(KINDS))('%s', async (kind, { prepare, write }) => {
    const flag = kind.replaceAll(' ', '-');
    await node.admin.createFlag(flag);
    await prepare?.(node.admin, flag);
    await poller.poll();
    const before = new Map(poller.state);
    const revision = revisionOf(poller.cursor);

    const { cursors } = await write(node.admin, flag);
    expect(revisionOf(cursors['production'] ?? '')).toBe(revision + 1);
    expect(await poller.poll()).toBe(true);
    expect(poller.cursor).toBe(cursors['production']);
    expect(poller.state).not.toEqual(before);
  });
});

it('invariant 7: a write that changes nothing makes no revision', async () => {
  const node = await nodes.start();
  const { cursors } = await node.admin.createFlag('one', { description: 'as it is' });
  const again = await node.admin.patchFlag('one', { description: 'as it is' });
  const set = await node.admin.patchEnv('one', 'production', { status: 'disabled' });
  expect(again.cursors).toEqual(cursors);
  expect(set.cursors['production']).toBe(cursors['production']);
  expect((await node.admin.changes('production')).body.items).toHaveLength(1);
});
