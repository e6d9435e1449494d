import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import type pg from 'pg';
import { StreamFollower } from '../../faults/follower.js';
import { gaps } from '../../faults/whole-log.js';
import { revisionOf } from '../../support/cursor.js';
import { type DeltaBody } from '../../support/poll-client.js';
import { withSeed } from '../../support/random.js';
import { eventually } from '../../support/wait.js';
import { type Check } from '../check.js';
import { withPostgres } from '../database.js';
import { PATIENCE_MS } from '../patience.js';
import { type Workspace } from '../workspace.js';

const [KILLS, WRITERS] = [5, 4];
/** Between two attempts of a writer whose server is down. */
const RETRY_MS = 50;

/** Writes until stopped, through every kill; gives the cursors of what was answered. */
async function writeOn(work: Workspace, writer: number, isOver: () => boolean): Promise<string[]> {
  const answered: string[] = [];
  for (let turn = 0; !isOver(); turn += 1) {
    const cursor = await work.mark('a', `${writer}.${turn}`).catch(() => null);
    if (cursor !== null) answered.push(cursor);
    else await sleep(RETRY_MS);
  }
  return answered;
}

/** All tables as they are, in a schema of this name. */
async function backUp(client: pg.Client, schema: string): Promise<void> {
  await client.query(`CREATE SCHEMA "${schema}"`);
  for (const name of await tablesOf(client))
    await client.query(`CREATE TABLE "${schema}"."${name}" AS SELECT * FROM public."${name}"`);
}

/** All tables as they were, in one transaction. */
async function putBack(client: pg.Client, schema: string): Promise<void> {
  await client.query('BEGIN');
  await client.query('SET LOCAL session_replication_role = replica'); // foreign keys hold again when all is back
  for (const name of await tablesOf(client)) {
    await client.query(`DELETE FROM public."${name}"`);
    await client.query(`INSERT INTO public."${name}" SELECT * FROM "${schema}"."${name}"`);
  }
  await client.query('COMMIT');
}

async function tablesOf(client: pg.Client): Promise<string[]> {
  const { rows } = await client.query<{ name: string }>(`SELECT tablename AS name FROM pg_tables WHERE schemaname = 'public'`);
  return rows.map(({ name }) => name);
}

export const faults: readonly Check[] = [
  {
    sentence: `${KILLS} times kill -9 under ${WRITERS} writers: nothing that was answered is lost, and no revision is missing or twice`,
    async run(bench) {
      const server = await bench.restartable();
      const work = await bench.workspace(server);
      await work.flag('a');
      const follower = new StreamFollower(work.request);
      bench.defer(() => follower.stop());
      await eventually(() => follower.cursor !== 'none', { timeoutMs: PATIENCE_MS, what: 'the first sync' });
      let over = false;
      bench.defer(() => void (over = true));
      const writing = Promise.all(Array.from({ length: WRITERS }, (_, writer) => writeOn(work, writer, () => over)));
      await withSeed(async (random) => {
        for (let kill = 0; kill < KILLS; kill += 1) {
          const goal = revisionOf(await work.cursor()) + random.int(3, 20);
          await eventually(async () => revisionOf(await work.cursor()) >= goal, {
            timeoutMs: PATIENCE_MS,
            what: `revision ${goal}`,
          });
          await server.restart('SIGKILL');
        }
      });
      over = true;
      const answered = (await writing).flat();
      const trail = (await work.trail()).map(({ cursor }) => cursor);
      assert.deepEqual(gaps(trail), []);
      assert.equal(new Set(answered).size, answered.length);
      assert.deepEqual(
        answered.filter((cursor) => !trail.includes(cursor)),
        [],
      );
      const head = trail.at(-1) ?? '';
      await eventually(() => follower.cursor === head, { timeoutMs: PATIENCE_MS, what: `${head} at the follower` });
      const seen = follower.applied.map(({ cursor }) => cursor);
      await follower.stop();
      assert.deepEqual(follower.faults, []);
      assert.deepEqual(gaps(seen), []);
      const unanswered = trail.length - 1 - answered.length;
      return `${answered.length} answered, all in the trail of ${trail.length} (${unanswered} committed, their answers lost); a stream had ${seen.length} in order`;
    },
  },
  {
    sentence: 'A database put back to an earlier state under a running node: clients get that state, though revisions repeat',
    on: 'postgres',
    async run(bench) {
      const server = await bench.start();
      const work = await bench.workspace(server);
      for (const id of ['a', 'b']) await work.flag(id);
      return withPostgres(server.databaseUrl, async (client) => {
        await backUp(client, 'earlier');
        const kept = await work.cursor();
        for (const status of ['disabled', 'deprecated'] as const) await work.edit('a', { status });
        await work.flag('lost');
        const [probe, tag] = [await work.stream({ mayGoBack: true }), work.etag()];
        await tag.poll();
        const lost = probe.cursor;
        await backUp(client, 'later');

        await putBack(client, 'earlier');
        await probe.waitForState((state) => !state.has('lost') && state.get('a')?.status === 'enabled', PATIENCE_MS);
        assert.deepEqual([probe.checker.cursor, probe.checker.syncs], [kept, 2]);
        // The same revisions again, with other content.
        for (const status of ['disabled', 'deprecated', 'enabled'] as const) await work.edit('b', { status });
        const again = await work.cursor();
        assert.equal(revisionOf(again), revisionOf(lost));
        assert.notEqual(again, lost);
        const { mode } = (await work.poll(`?since=${lost}`)).json() as DeltaBody;
        const tagged = await work.poll('', { 'If-None-Match': tag.etag ?? '' });
        assert.deepEqual([mode, tagged.status], ['full', 200]);
        await probe.waitForCursor(again, PATIENCE_MS);

        // And the first history at that very revision: only the mark tells.
        await putBack(client, 'later');
        await probe.waitForState((state) => state.has('lost'), PATIENCE_MS);
        assert.deepEqual([probe.checker.cursor, probe.checker.syncs], [lost, 3]);
        probe.assertInOrder();
        return `${lost} to ${kept}, on to ${again}, and back to ${lost}: a full sync in place each time; ?since=${lost} was ${mode}`;
      });
    },
  },
];
