import assert from 'node:assert/strict';
import { PollFollower, StreamFollower } from '../../faults/follower.js';
import { gaps } from '../../faults/whole-log.js';
import { AdminClient } from '../../support/admin-client.js';
import { revisionOf } from '../../support/cursor.js';
import { withSeed } from '../../support/random.js';
import { eventually } from '../../support/wait.js';
import { type Check } from '../check.js';
import { PATIENCE_MS } from '../patience.js';
import { type Workspace } from '../workspace.js';

const [WRITERS, CHANGES, FLAGS] = [8, 400, 12];
const IMPORTED = 500;

/** One writer's share of the changes, on both nodes in turn; the cursors that it was answered. */
async function write(work: Workspace, other: string, writer: number, flags: readonly string[]): Promise<string[]> {
  const nodes = [work.admin, new AdminClient(other, work.admin.token)] as const;
  const cursors: string[] = [];
  for (const [turn, flag] of flags.entries()) {
    cursors.push(await work.mark(flag, `${writer}.${turn}`, nodes[turn % 2]));
  }
  return cursors;
}

export const writers: readonly Check[] = [
  {
    sentence: `${WRITERS} writers make ${CHANGES} changes; a stream and a poller get every one of them, once and in order`,
    async run(bench) {
      const work = await bench.workspace();
      const { url } = work.server;
      const other = (await bench.nodes()).at(-1)?.url ?? url;
      const flags = Array.from({ length: FLAGS }, (_, index) => `flag-${index}`);
      for (const flag of flags) await work.flag(flag);
      const start = revisionOf(await work.cursor());
      const followers = [new StreamFollower({ ...work.request, url: other }), new PollFollower(work.request)];
      for (const follower of followers) bench.defer(() => follower.stop());
      await eventually(() => followers.every(({ cursor }) => cursor !== 'none'), {
        timeoutMs: PATIENCE_MS,
        what: 'the first syncs',
      });

      const shares = await withSeed((random) =>
        Promise.all(
          Array.from({ length: WRITERS }, (_, writer) =>
            write(
              work,
              other,
              writer,
              Array.from({ length: CHANGES / WRITERS }, () => random.pick(flags)),
            ),
          ),
        ),
      );
      const answered = shares.flat().sort((a, b) => revisionOf(a) - revisionOf(b));
      const head = answered.at(-1) ?? '';
      const done = () => followers.every(({ cursor }) => cursor === head);
      await eventually(done, { timeoutMs: PATIENCE_MS, what: `${head} at both followers` });
      for (const follower of followers) {
        assert.deepEqual(
          follower.applied.map(({ cursor }) => cursor),
          answered,
          follower.name,
        );
        await follower.stop();
        assert.deepEqual(follower.faults, [], follower.name);
      }
      assert.deepEqual(followers[0]?.state, followers[1]?.state);
      assert.deepEqual(gaps(answered), []);
      assert.deepEqual(
        (await work.trail()).slice(start).map(({ cursor }) => cursor),
        answered,
      );
      return `revisions ${start + 1} to ${revisionOf(head)}; ${followers.map(({ applied }) => applied.length).join(' and ')} sets, none twice`;
    },
  },
  {
    sentence: `A change set of ${IMPORTED} flags is one revision, and arrives whole or not at all, also at who resumes`,
    async run(bench) {
      const work = await bench.workspace();
      const ids = Array.from({ length: IMPORTED }, (_, index) => `flag-${index}`);
      for (let first = 0; first < IMPORTED; first += 20)
        await Promise.all(ids.slice(first, first + 20).map((id) => work.flag(id)));
      const [probe, away] = [await work.stream(), await work.stream()];
      await away.close();
      const before = await work.cursor();
      const poller = work.since();
      await poller.poll();
      const cursor = await work.changeSet(
        ids.map((flag) => ({ flag, default_variant: 'on' })),
        'import',
      );
      assert.equal(revisionOf(cursor), revisionOf(before) + 1);
      await probe.waitForCursor(cursor, PATIENCE_MS);
      await poller.poll();
      const back = await away.reconnect();
      await back.waitForSync(PATIENCE_MS);
      await back.close();
      for (const reader of [probe, back, poller]) {
        reader.assertInOrder();
        assert.deepEqual(
          reader.applied.map(({ events }) => events.length),
          [IMPORTED],
        );
        assert.ok([...reader.state.values()].every((flag) => flag.default_variant === 'on'));
      }
      return `${before} to ${cursor}: ${IMPORTED} events in one set on a stream, on a resumed one and by since=`;
    },
  },
];
