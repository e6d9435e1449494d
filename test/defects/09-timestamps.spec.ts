import { beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { FakeClock } from '../../src/common/clock.fake.js';
import { poll, type PollBody } from '../support/poll-client.js';
import { revisionOf } from '../support/cursor.js';
import { type InProcessNode, useNodes } from './in-process-node.js';

const nodes = useNodes();

describe.each([
  ['stands still', () => undefined],
  ['goes back', (clock: FakeClock) => (clock.time -= 3_600_000)],
])('defect 9: while the clock %s', (_name, tick) => {
  const clock = new FakeClock();
  let node: InProcessNode;
  let key: string;
  let flag: string;
  let made = 0;

  beforeAll(async () => {
    node = await nodes.start({ clock });
    key = await node.key();
  });
  beforeEach(async () => {
    made += 1;
    flag = `flag-${made}`;
    await node.admin.createFlag(flag);
  });

  async function edit(description: string): Promise<string> {
    tick(clock);
    const { cursors } = await node.admin.patchFlag(flag, { description });
    return cursors['production'] ?? '';
  }

  async function polled(query: Record<string, string> = {}): Promise<PollBody> {
    return (await poll({ url: node.url, key, query })).json() as PollBody;
  }

  it('every change has the next revision, and reaches its clients', async () => {
    const probe = await node.stream({ key });
    const before = revisionOf(probe.cursor);
    const cursors: string[] = [];
    for (const description of ['one', 'two', 'three']) cursors.push(await edit(description));
    expect(cursors.map(revisionOf)).toEqual([before + 1, before + 2, before + 3]);
    await probe.waitForCursor(cursors.at(-1) ?? '');
    expect(probe.state.get(flag)?.description).toBe('three');
    probe.assertInOrder();
    await probe.close();
  });

  it('no change is hidden behind the date of the one before', async () => {
    const { last_modified } = await polled();
    await edit('news');
    const answer = await poll({ url: node.url, key, query: { if_modified_since: last_modified } });
    expect(answer.status).toBe(200);
    expect((await polled()).last_modified > last_modified).toBe(true);
  });

  it('only the very date of the present revision is a 304: a later one comes from another clock', async () => {
    const { last_modified } = await polled();
    const later = new Date(Date.parse(last_modified) + 60_000).toISOString();
    const statuses = [last_modified, later].map(async (date) => {
      return (await poll({ url: node.url, key, query: { if_modified_since: date } })).status;
    });
    expect(await Promise.all(statuses)).toEqual([304, 200]);
  });

  it('updated_at goes up with every version', async () => {
    const updatedAt = async () => (await node.admin.getEnv(flag, 'production')).body.metadata.updated_at;
    const times = [await updatedAt()];
    for (const description of ['one', 'two']) {
      await edit(description);
      times.push(await updatedAt());
    }
    expect(times).toEqual([...new Set(times)].sort());
  });
});
