import assert from 'node:assert/strict';
import { revisionOf } from '../../support/cursor.js';
import { auditTrail } from '../../support/audit-pages.js';
import { type Check } from '../check.js';
import { PATIENCE_MS } from '../patience.js';
import { problemOf } from './admin-refusals.js';

const HERD = 8;
const boolean = { value_type: 'boolean', variants: { on: true, off: false }, default_variant: 'off' };

export const changeControl: readonly Check[] = [
  {
    sentence: 'A rollback is one new revision that puts an earlier state back, and can be rolled back itself',
    async run(bench) {
      const work = await bench.workspace();
      for (const id of ['a', 'b']) await work.flag(id);
      const then = revisionOf(await work.edit('a', { targeting: { if: [true, 'on', 'off'] } }));
      await work.edit('a', { status: 'disabled', targeting: {} });
      const later = revisionOf(await work.edit('b', { default_variant: 'on' }));
      const stream = await work.stream();
      const { body } = await work.admin.rollback('live', then, work.at);
      await stream.waitForCursor(body.cursor, PATIENCE_MS);
      assert.deepEqual([body.revision, body.changes.length, stream.applied.length], [later + 1, 2, 1]);
      assert.deepEqual(stream.state.get('a')?.targeting, { if: [true, 'on', 'off'] });
      const back = await work.admin.rollback('live', later, work.at);
      await stream.waitForCursor(back.body.cursor, PATIENCE_MS);
      assert.deepEqual([stream.state.get('a')?.status, stream.state.get('b')?.default_variant], ['disabled', 'on']);
      stream.assertInOrder();
      return `revision ${body.revision} is ${then} again, ${back.body.revision} is ${later}, each one change set of two flags`;
    },
  },
  {
    sentence:
      'An export is the whole project; an import of it brings another project to it, a dry run says so and writes nothing',
    async run(bench) {
      const [from, to] = [await bench.workspace(), await bench.workspace()];
      for (const id of ['a', 'b', 'c']) await from.flag(id, { tags: [id] });
      await from.admin.archive('c', from.at);
      const document = (await from.admin.export(from.at)).body as { flags: object[]; environments: object[] };
      const take = (query: string) =>
        to.admin.call<{ flags: { created: number } }>('POST', to.projectPath(`/import${query}`), document);
      const dry = await take('?dry_run=true');
      assert.equal((await to.trail()).length, 0);
      const done = await take('');
      assert.deepEqual([dry.body.flags.created, done.body.flags.created], [3, 3]);
      assert.equal((await to.trail()).length, 1);
      const { flags, environments } = (await to.admin.export(to.at)).body as typeof document;
      assert.deepEqual([flags, environments], [document.flags, document.environments]);
      const again = await take('');
      assert.deepEqual(again.cursors, done.cursors);
      return `3 flags in one revision, ${String(done.headers['flagwire-cursor'])}; the second time nothing changed`;
    },
  },
  {
    sentence: 'An import that has one mistake writes nothing, and names it by its path',
    async run(bench) {
      const work = await bench.workspace();
      const good = { ...boolean, id: 'good', name: 'Good' };
      const document = { format: 'flagwire', version: 1, flags: [good, { ...good, id: 'bad', default_variant: 'none' }] };
      const refused = problemOf(await work.admin.request('POST', work.projectPath('/import'), document), 400);
      const path = refused.errors?.[0]?.path;
      assert.equal(path, 'flags[1].default_variant');
      assert.equal((await work.trail()).length, 0);
      return `${refused.code}: ${path}`;
    },
  },
  {
    sentence: 'The audit trail has who made, rotated and revoked what, from where and in which request, and no secret',
    async run(bench) {
      const work = await bench.workspace();
      const key = await work.makeKey();
      const rotated = await work.admin.rotateKey('live', key.id, 1, work.at);
      bench.lab.secrets.add(rotated.key);
      await work.admin.revokeKey('live', rotated.id, work.at);
      await work.flag('not-here');
      const rows = await auditTrail(work.admin, 0, `&project=${work.project}`);
      const actions = rows.map(({ action }) => action);
      assert.deepEqual(actions.slice(-3), ['sdk_key.created', 'sdk_key.rotated', 'sdk_key.revoked']);
      assert.ok(rows.every(({ actor, request_id }) => actor !== null && request_id !== null));
      const text = JSON.stringify(rows);
      for (const secret of [key.key, rotated.key, work.key.key]) assert.ok(!text.includes(secret));
      return `${rows.length} rows: ${actions.join(', ')}`;
    },
  },
  {
    sentence: `${HERD} times the same Idempotency-Key at once: done once, by whichever node, and answered with the same`,
    async run(bench) {
      const work = await bench.workspace();
      const nodes = await bench.nodes();
      await work.flag('a');
      const before = await work.trail();
      const headers = { 'Idempotency-Key': `key-of-${work.project}` };
      const send = (index: number) => {
        const { admin } = nodes[index % nodes.length] ?? work.server;
        const body = { id: 'once', name: 'Once', ...boolean };
        return admin.request('POST', work.projectPath('/flags'), body, headers);
      };
      const answers = await Promise.all(Array.from({ length: HERD }, (_, index) => send(index)));
      const done = answers.filter(({ status }) => status === 201);
      const busy = answers.filter(({ status }) => status === 409);
      assert.equal(done.length + busy.length, HERD, answers.map(({ status }) => status).join());
      const later = await send(HERD);
      assert.deepEqual([later.status, later.body, later.cursors], [201, done[0]?.body, done[0]?.cursors]);
      assert.equal((await work.trail()).length, before.length + 1);
      const other = await work.admin.request('POST', work.projectPath('/flags'), { id: 'other', name: 'x', ...boolean }, headers);
      const { code } = problemOf(other, 422);
      return `${done.length} times 201, ${busy.length} told to wait, 1 revision; with another body 422 ${code}`;
    },
  },
];
