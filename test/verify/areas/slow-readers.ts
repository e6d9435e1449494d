import assert from 'node:assert/strict';
import { metric } from '../../e2e/support/metrics.js';
import { gaps } from '../../faults/whole-log.js';
import { requestText } from '../../support/raw-http.js';
import { eventually } from '../../support/wait.js';
import { type Check } from '../check.js';
import { PATIENCE_MS } from '../patience.js';
import { type Workspace } from '../workspace.js';

/** A value has 64 KiB at most, a request 1 MiB. */
const VALUE = 'x'.repeat(60_000);

/** Variants of some 900 KiB that differ with `turn`. */
function bulk(turn: number): object {
  const names = Array.from({ length: 15 }, (_, index) => `v${index}`);
  const variants = Object.fromEntries(names.map((name) => [name, `${turn} ${VALUE}`]));
  return { value_type: 'string', variants, default_variant: 'v0' };
}

async function changeBulk(work: Workspace, turn: number): Promise<string> {
  const { variants } = bulk(turn) as { variants: object };
  const { cursors } = await work.admin.patchFlag('bulk', { variants }, work.at);
  return String(cursors['live']);
}

export const slowReaders: readonly Check[] = [
  {
    sentence: 'A reader that falls behind is fed by its cursor: it misses nothing, and no other stream waits for it',
    async run(bench) {
      const work = await bench.workspace();
      await work.flag('bulk', bulk(0));
      const [slow, other] = [await work.stream(), await work.stream()];
      slow.pause();
      let turn = 0;
      let cursor = '';
      // Until more is on its way than the kernel takes for a reader that does not read.
      while (turn < 40 && (turn < 5 || (await metric(work.server, 'flagwire_lagging_connections')) === 0)) {
        turn += 1;
        cursor = await changeBulk(work, turn);
        await other.waitForCursor(cursor, PATIENCE_MS);
      }
      const lagging = await metric(work.server, 'flagwire_lagging_connections');
      assert.equal(lagging, 1);
      for (let more = 0; more < 5; more += 1) cursor = await changeBulk(work, (turn += 1));
      assert.ok(slow.applied.length < turn, `${slow.applied.length} of ${turn}`);
      slow.resume();
      await slow.waitForCursor(cursor, PATIENCE_MS);
      await other.waitForCursor(cursor, PATIENCE_MS);
      assert.deepEqual(gaps(slow.applied.map((set) => set.cursor)), []);
      assert.deepEqual([slow.applied.length, slow.checker.syncs], [turn, 1]);
      assert.deepEqual(slow.state, other.state);
      for (const reader of [slow, other]) reader.assertInOrder();
      return `${turn} changes of 0.9 MB, ${lagging} lagging stream, then all ${slow.applied.length} of them in order up to ${cursor}`;
    },
  },
  {
    sentence: 'A reader that never reads is cut, and the others do not notice',
    async run(bench) {
      const server = await bench.start({ env: { FLAGWIRE_STALL_S: '1' } });
      const work = await bench.workspace(server);
      // More than the kernel takes for one connection.
      for (let flag = 0; flag < 14; flag += 1) await work.flag(`bulk-${flag}`, bulk(flag));
      await work.flag('small');
      const other = await work.stream({ flags: ['small'] });
      const stuck = await bench.raw({ port: server.port, paused: true });
      await stuck.send(requestText({ path: '/sdk/stream', headers: { 'X-API-Key': work.key.key } }));
      const cuts = () => metric(server, 'flagwire_cut_connections_total');
      let changes = 0;
      await eventually(
        async () => {
          changes += 1;
          const cursor = await work.edit('small', { status: changes % 2 === 0 ? 'enabled' : 'disabled' });
          await other.waitForCursor(cursor, PATIENCE_MS);
          return (await cuts()) === 1;
        },
        { timeoutMs: PATIENCE_MS, what: 'the end of the stream that is not read' },
      );
      assert.equal(await metric(server, 'flagwire_connections'), 1);
      other.assertInOrder();
      assert.ok(other.isOpen);
      return `cut once, while another stream took ${changes} changes`;
    },
  },
];
