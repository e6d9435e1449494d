import { beforeAll, describe, expect, it } from '@jest/globals';
import { poll } from '../support/poll-client.js';
import { type InProcessNode, useNodes } from './in-process-node.js';

const nodes = useNodes();
/** One more than a cursor may have. */
const LONG = 'x'.repeat(65);

describe('defect 8: whatever is presented as a cursor', () => {
  let node: InProcessNode;
  let key: string;
  let head: string;

  beforeAll(async () => {
    node = await nodes.start();
    key = await node.key();
    head = (await node.admin.createFlag('one')).cursors['production'] ?? '';
  });

  it.each(['17', 'abc', 'none', '-1', '1.5', 'epoch001.x.mark01', 'ünïcödé', '{}', 'a.b.c.d.e', LONG])(
    'a stream is served in full where it cannot be read: %s',
    async (cursor) => {
      const probe = await node.stream({ key, cursor, cursorIn: 'query' });
      expect(probe.messages[0]).toMatchObject({ type: 'SyncStarted', data: { mode: 'full' } });
      expect([probe.status, probe.cursor, [...probe.state.keys()]]).toEqual([200, head, ['one']]);
      probe.assertInOrder();
      await probe.close();
    },
  );

  it.each(['17', 'abc', 'none', LONG])('a poll is served in full where it cannot be read: %s', async (since) => {
    const answer = await poll({ url: node.url, key, query: { since } });
    expect([answer.status, answer.json()]).toMatchObject([200, { mode: 'full', cursor: head }]);
  });

  it('an empty Last-Event-ID is none: the one in the query counts', async () => {
    const probe = await node.stream({ key, cursor: head, cursorIn: 'query', headers: { 'Last-Event-ID': '' } });
    expect(probe.messages[0]).toMatchObject({ type: 'SyncStarted', data: { mode: 'delta' } });
    await probe.close();
  });

  it('every message of a stream has an id, and none has an empty one', async () => {
    const probe = await node.stream({ key });
    const { cursors } = await node.admin.patchFlag('one', { description: `at ${Date.now()}` });
    head = cursors['production'] ?? '';
    await probe.waitForCursor(head);
    expect(probe.messages.filter(({ id }) => id === '')).toEqual([]);
    expect(probe.raw.match(/^data:/gm)?.length).toBe(probe.messages.length);
    expect(probe.raw.match(/^id: \S+\ndata:/gm)?.length).toBe(probe.messages.length);
    await probe.close();
  });
});
