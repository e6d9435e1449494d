import assert from 'node:assert/strict';
import { parseCursor, revisionOf } from '../../support/cursor.js';
import { type DeltaBody } from '../../support/poll-client.js';
import { eventually } from '../../support/wait.js';
import { type Check } from '../check.js';
import { gaps } from '../../faults/whole-log.js';
import { PATIENCE_MS } from '../patience.js';
import { type Workspace } from '../workspace.js';

const WRITERS = 40;
const FLOOR = 5;

/** How `?since=` answers. */
async function modeOf(work: Workspace, since: string): Promise<string> {
  const answer = await work.poll(`?since=${encodeURIComponent(since)}`);
  assert.equal(answer.status, 200, `${since}: ${answer.text}`);
  const { mode, events } = answer.json() as DeltaBody;
  return `${mode} ${events.length}`;
}

export const log: readonly Check[] = [
  {
    sentence: `${WRITERS} writes at the same time make ${WRITERS} dense revisions, and the audit trail has them in order`,
    async run(bench) {
      const work = await bench.workspace();
      const before = revisionOf(await work.cursor());
      const stream = await work.stream();
      const cursors = await Promise.all(Array.from({ length: WRITERS }, (_, index) => work.flag(`flag-${index}`)));
      const answered = cursors.map(revisionOf).sort((a, b) => a - b);
      assert.deepEqual(
        answered,
        Array.from({ length: WRITERS }, (_, index) => before + index + 1),
      );
      const trail = await work.trail();
      assert.deepEqual(
        trail.map(({ revision }) => revision),
        answered,
      );
      assert.deepEqual(new Set(trail.map(({ cursor }) => cursor)), new Set(cursors));
      const last = trail.at(-1)?.cursor ?? '';
      await stream.waitForCursor(last, PATIENCE_MS);
      assert.deepEqual(gaps(stream.applied.map(({ cursor }) => cursor)), []);
      stream.assertInOrder();
      assert.equal(new Set(cursors.map((cursor) => parseCursor(cursor)?.mark)).size, WRITERS);
      return `revisions ${answered[0]} to ${answered.at(-1)}, ${WRITERS} marks, ${stream.applied.length} sets on the stream, last ${last}`;
    },
  },
  {
    sentence: 'Each environment has an epoch and counts for itself; a new one begins at revision 0',
    async run(bench) {
      const work = await bench.workspace();
      await work.flag('one');
      const { body } = await work.admin.createEnvironment('later', work.at);
      assert.equal(body.revision, 0);
      const live = await work.admin.getEnvironment('live', work.at);
      assert.equal(live.body.revision, 1);
      assert.match(body.epoch, /^[a-z0-9]{8}$/);
      assert.notEqual(body.epoch, live.body.epoch);
      return `live ${live.body.epoch} at 1, later ${body.epoch} at 0`;
    },
  },
  {
    sentence:
      'A cursor of another mark, epoch or filter, from the future or malformed is answered with everything, never with 400',
    async run(bench) {
      const work = await bench.workspace();
      await work.flag('one');
      const middle = await work.edit('one', { status: 'disabled' });
      const head = await work.edit('one', { status: 'enabled' });
      const [epoch = '', revision = '', mark = ''] = middle.split('.');
      assert.deepEqual([await modeOf(work, middle), await modeOf(work, head)], ['delta 1', 'delta 0']);
      const strange = {
        mark: `${epoch}.${revision}.zzzzzz`,
        epoch: `zzzzzzzz.${revision}.${mark}`,
        filter: `${middle}.0123abcd`,
        future: `${epoch}.99.${mark}`,
        none: 'none',
        malformed: "'; DROP TABLE change; --",
      };
      for (const [kind, cursor] of Object.entries(strange)) assert.equal(await modeOf(work, cursor), 'full 1', kind);
      return `${middle}: delta 1; ${Object.keys(strange).join(', ')}: full`;
    },
  },
  {
    sentence: 'Below the wire floor a cursor gets everything, at the floor it resumes; the audit trail goes all the way back',
    async run(bench) {
      const env = { FLAGWIRE_FLOOR_REVISIONS: String(FLOOR), FLAGWIRE_FLOOR_S: '0', FLAGWIRE_RING_REVISIONS: '1' };
      const work = await bench.workspace(await bench.start({ env }));
      const cursors = [await work.flag('one')];
      for (let round = 0; round < 3 * FLOOR; round += 1) {
        cursors.push(await work.edit('one', { status: round % 2 === 0 ? 'disabled' : 'enabled' }));
      }
      const at = cursors.at(-1 - FLOOR) ?? '';
      const below = cursors.at(-2 - FLOOR) ?? '';
      // The newest change sets are in memory for a moment, whatever the floor is.
      await eventually(async () => assert.match(await modeOf(work, below), /^full/), { timeoutMs: PATIENCE_MS, what: below });
      assert.equal(await modeOf(work, at), `delta ${FLOOR}`);
      const trail = await work.trail();
      assert.deepEqual(
        trail.map(({ cursor }) => cursor),
        cursors,
      );
      return `head ${cursors.at(-1)}: ${at} gets ${FLOOR} events, ${below} everything; ${trail.length} revisions in the trail`;
    },
  },
];
