import assert from 'node:assert/strict';
import { revisionOf } from '../../support/cursor.js';
import { flagOf, isFlagEvent, versionOf } from '../../support/wire-types.js';
import { type Check } from '../check.js';
import { PATIENCE_MS } from '../patience.js';
import { problemOf } from './admin-refusals.js';

export const adminWrites: readonly Check[] = [
  {
    sentence: 'A flag is archived and restored: it is deleted and created on the stream, its versions go on, its id stays taken',
    async run(bench) {
      const work = await bench.workspace();
      await work.flag('one');
      const stream = await work.stream();
      await work.admin.archive('one', work.at);
      const { id, name } = { id: 'one', name: 'one' };
      const again = { id, name, value_type: 'boolean', variants: { on: true } };
      const taken = problemOf(await work.admin.request('POST', work.projectPath('/flags'), again), 409);
      assert.match(taken.detail, /restore/);
      problemOf(await work.admin.request('PATCH', work.projectPath('/flags/one'), { name: 'x' }), 409);
      const restored = await work.admin.restore('one', work.at);
      await stream.waitForCursor(String(restored.cursors['live']), PATIENCE_MS);
      const events = stream.messages
        .filter(isFlagEvent)
        .slice(1)
        .map((event) => `${event.type} v${versionOf(event)}`);
      assert.deepEqual(events, ['FlagDeleted v2', 'FlagCreated v3']);
      stream.assertInOrder();
      return `${events.join(', ')}; in between: 409 ${taken.code}`;
    },
  },
  {
    sentence: 'A change set is one revision, all or nothing: one wrong entry, and nothing of it is written',
    async run(bench) {
      const work = await bench.workspace();
      for (const id of ['a', 'b', 'c']) await work.flag(id);
      const stream = await work.stream();
      const before = await work.cursor();
      const changes = ['a', 'b', 'c'].map((flag) => ({ flag, status: 'disabled' as const }));
      const path = work.livePath('/change-sets');
      const wrong = { changes: [...changes.slice(0, 2), { flag: 'c', default_variant: 'no-such' }] };
      const { errors } = problemOf(await work.admin.request('POST', path, wrong), 400);
      assert.equal(errors?.[0]?.path, 'changes[2].default_variant');
      assert.equal(await work.cursor(), before);
      const after = await work.changeSet(changes);
      await stream.waitForCursor(after, PATIENCE_MS);
      assert.equal(revisionOf(after), revisionOf(before) + 1);
      const sent = stream.messages
        .slice(-3)
        .map((event) => `${isFlagEvent(event) ? flagOf(event) : event.type}${event.more ? '+' : ''}`);
      assert.deepEqual(sent.sort(), ['a+', 'b+', 'c']);
      assert.deepEqual(
        stream.applied.map(({ events }) => events.length),
        [3],
      );
      stream.assertInOrder();
      return `refused for ${errors?.[0]?.path}, still ${before}; then ${after} with 3 events`;
    },
  },
  {
    sentence: 'A write that changes nothing makes no revision, and answers with the present cursor',
    async run(bench) {
      const work = await bench.workspace();
      const cursor = await work.flag('one');
      assert.equal(await work.edit('one', { status: 'enabled' }), cursor);
      assert.equal(await work.changeSet([{ flag: 'one', default_variant: 'off' }]), cursor);
      assert.equal((await work.trail()).length, 1);
      return `two writes, still ${cursor}, 1 entry in the trail`;
    },
  },
  {
    sentence: 'A write answers with a cursor for every environment it covers, and the next poll shows it',
    async run(bench) {
      const work = await bench.workspace();
      await work.admin.createEnvironment('other', work.at);
      const { cursors, headers } = await work.admin.createFlag('one', {}, work.at);
      assert.deepEqual(Object.keys(cursors).sort(), ['live', 'other']);
      for (let round = 0; round < 5; round += 1) {
        const cursor = await work.edit('one', { status: round % 2 === 0 ? 'enabled' : 'disabled' });
        assert.equal(await work.cursor(), cursor);
      }
      return `Flagwire-Cursor: ${String(headers['flagwire-cursor'])}; 5 of 5 polls right after a write had it`;
    },
  },
  {
    sentence: 'A variant that an environment uses cannot go: 409 says where it is used',
    async run(bench) {
      const work = await bench.workspace();
      await work.flag('one');
      await work.edit('one', { default_variant: 'on' });
      const path = work.projectPath('/flags/one');
      const { code, errors } = problemOf(await work.admin.request('PATCH', path, { variants: { off: false } }), 409);
      assert.deepEqual([code, errors?.map((mistake) => mistake.path)], ['variant_in_use', ['environments.live.default_variant']]);
      return `${code}: ${errors?.[0]?.path}`;
    },
  },
];
