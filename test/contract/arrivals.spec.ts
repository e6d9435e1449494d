import { expect } from '@jest/globals';
import { parseCursor } from '../support/cursor.js';
import { contract, type Cell, type Declare } from './support/contract.js';
import { OFF, ON } from './support/stage.js';

/** What one write does to a client that follows: one step, to this flag, at the cursor that the write answered with. */
async function expectStep({ stage, start }: Cell, write: () => Promise<string>, flag: string): Promise<void> {
  const subscriber = await start();
  const cursor = await write();
  await subscriber.waitForCursor(cursor);
  expect(subscriber.cursor).toBe(cursor);
  expect(subscriber.steps).toEqual([{ cursor, flags: [flag], events: subscriber.steps[0]?.events }]);
  expect(subscriber.state).toEqual(await stage.truth());
}

function promises(promise: Declare): void {
  promise('a cold sync gives the state of the environment', async ({ stage, start }) => {
    await stage.create('plain');
    const variants = { few: 10, many: 1e6 };
    const targeting = { if: [{ in: ['@example.com', { var: 'email' }] }, 'many', 'few'] };
    await stage.create('limits.upload', { value_type: 'number', variants, default_variant: 'few', tags: ['limits'] });
    await stage.edit('limits.upload', { ...ON, targeting, default_variant: null });
    await stage.create('gone');
    const cursor = await stage.archive('gone');
    const subscriber = await start();
    expect([subscriber.begun, subscriber.cursor, subscriber.steps]).toEqual(['full', cursor, []]);
    expect([...subscriber.state.keys()].sort()).toEqual(['limits.upload', 'plain']);
    expect(subscriber.state).toEqual(await stage.truth());
    expect(subscriber.state.get('limits.upload')).toMatchObject({ ...ON, targeting, default_variant: null, variants });
  });

  promise('an environment without a flag has a cursor, and its first flag arrives', async ({ stage, start }) => {
    const subscriber = await start();
    expect([subscriber.state.size, parseCursor(subscriber.cursor)?.revision]).toEqual([0, 0]);
    const cursor = await stage.create('first');
    await subscriber.waitForCursor(cursor);
    expect([[...subscriber.state.keys()], parseCursor(cursor)?.revision]).toEqual([['first'], 1]);
  });

  promise('a new flag arrives', async (cell) => {
    await cell.stage.create('old');
    await expectStep(cell, () => cell.stage.create('new', { environments: { [cell.stage.main]: ON } }), 'new');
  });

  promise('an edit of the rules arrives', async (cell) => {
    await cell.stage.create('a');
    const targeting = { if: [{ '==': [{ var: 'plan' }, 'pro'] }, 'on', null] };
    await expectStep(cell, () => cell.stage.edit('a', { ...ON, targeting, default_variant: 'on' }), 'a');
  });

  promise('a toggle arrives', async (cell) => {
    await cell.stage.create('a');
    await expectStep(cell, () => cell.stage.edit('a', ON), 'a');
    await expectStep(cell, () => cell.stage.edit('a', OFF), 'a');
  });

  promise('an archived flag goes', async (cell) => {
    await cell.stage.create('a');
    await cell.stage.create('stays');
    await expectStep(cell, () => cell.stage.archive('a'), 'a');
  });

  promise('a restored flag comes back, and its versions go on', async (cell) => {
    const { stage, start } = cell;
    await stage.create('a');
    await stage.toggle('a', 3);
    const before = await start();
    expect(before.state.get('a')?.metadata.version).toBe(4);
    await stage.archive('a');
    await expectStep(cell, () => stage.restore('a'), 'a');
    await before.waitForCursor((await start()).cursor);
    expect(before.state.get('a')?.metadata.version).toBe(6);
  });

  promise('the kinds of events: made, edited, toggled, archived, restored', async ({ stage, start }) => {
    const subscriber = await start();
    await stage.create('a');
    await stage.patch('a', { description: 'says more' });
    await stage.edit('a', ON);
    await stage.archive('a');
    await subscriber.waitForCursor(await stage.restore('a'));
    const types = subscriber.steps.map(({ events }) => events?.map(({ type }) => type));
    const expected = ['FlagCreated', 'FlagUpdated', 'FlagStatusChanged', 'FlagDeleted', 'FlagCreated'];
    expect(types).toEqual(expected.map((type) => [type]));
  });

  promise('a toggle alone is a FlagStatusChanged, any wider edit a FlagUpdated', async ({ stage, start }) => {
    await stage.create('a');
    const subscriber = await start();
    await stage.edit('a', { status: 'enabled' });
    await stage.edit('a', { status: 'disabled', targeting: {}, default_variant: 'off' }); // the rest is what it was
    await stage.edit('a', { status: 'deprecated', default_variant: 'on' });
    await subscriber.waitForCursor(await stage.edit('a', { default_variant: 'off' }));
    const events = subscriber.steps.flatMap((step) => step.events ?? []);
    expect(events).toMatchObject([
      { type: 'FlagStatusChanged', data: { old_status: 'disabled', new_status: 'enabled', version: 2 } },
      { type: 'FlagStatusChanged', data: { old_status: 'enabled', new_status: 'disabled', version: 3 } },
      { type: 'FlagUpdated', data: { status: 'deprecated', default_variant: 'on' } },
      { type: 'FlagUpdated', data: { default_variant: 'off' } },
    ]);
    expect(Object.keys(events[0]?.data ?? {}).sort()).toEqual(['flag_id', 'new_status', 'old_status', 'updated_at', 'version']);
  });

  promise('there and back again is two revisions, and hides neither', async ({ stage, start, visit }) => {
    await stage.create('a');
    const [follower, left] = [await start(), await visit()];
    const [there, back] = await stage.toggle('a', 2);
    await follower.waitForCursor(back ?? '');
    expect(new Set([left.cursor, there, back]).size).toBe(3);
    expect(follower.state.get('a')).toMatchObject({ status: 'disabled', metadata: { version: 3 } });
    const returned = await start(left);
    expect([returned.cursor, returned.state]).toEqual([back, follower.state]);
  });

  promise('a write that changes nothing makes no revision', async ({ stage, start }) => {
    await stage.create('a');
    const cursor = await stage.edit('a', ON);
    const subscriber = await start();
    const idle = [await stage.edit('a', ON), await stage.patch('a', { name: 'a' }), await stage.set([{ flag: 'a', ...ON }])];
    expect(idle).toEqual([cursor, cursor, cursor]);
    const next = await stage.edit('a', OFF);
    await subscriber.waitForCursor(next);
    expect(subscriber.steps.map((step) => step.cursor)).toEqual([next]);
    expect(parseCursor(next)?.revision).toBe((parseCursor(cursor)?.revision ?? 0) + 1);
  });

  promise('the environments of a project do not mix', async ({ stage, start }) => {
    await stage.create('a');
    const otherKey = await stage.addEnvironment('other');
    const [main, other] = [await start(), await start({ key: otherKey })];
    const elsewhere = await stage.toggle('a', 3, 'other');
    const here = await stage.edit('a', { ...ON, default_variant: 'on' });
    await other.waitForCursor(elsewhere[2] ?? '');
    await main.waitForCursor(here);
    expect(main.steps.map(({ cursor }) => cursor)).toEqual([here]);
    expect([main.state, other.state]).toEqual([await stage.truth(), await stage.truth('other')]);
    expect(main.state.get('a')?.metadata.version).toBe(2);
    expect(other.state.get('a')?.metadata.version).toBe(4);
    expect(parseCursor(main.cursor)?.epoch).not.toBe(parseCursor(other.cursor)?.epoch);
  });

  promise('a key of another project sees nothing of this one', async ({ server, stage, start }) => {
    const { admin } = server;
    await stage.create('ours');
    const project = `strangers-of-${stage.project}`;
    await admin.createProject(project);
    await admin.createEnvironment(stage.main, { project });
    const { key } = await admin.createKey(stage.main, 'server', {}, { project });
    const stranger = await start({ key });
    const cursor = stranger.cursor;
    await stage.edit('ours', ON);
    await stage.create('ours-too');
    await stranger.waitForCursor((await start({ key })).cursor);
    expect([stranger.cursor, stranger.state.size, stranger.steps]).toEqual([cursor, 0, []]);
  });

  promise('a project-wide edit reaches every environment', async ({ stage, start }) => {
    await stage.create('a');
    const otherKey = await stage.addEnvironment('other');
    const [main, other] = [await start(), await start({ key: otherKey })];
    const cursor = await stage.patch('a', { name: 'Renamed', tags: ['new'], critical: true });
    await main.waitForCursor(cursor);
    await other.waitForCursor((await start({ key: otherKey })).cursor);
    expect([main.state, other.state]).toEqual([await stage.truth(), await stage.truth('other')]);
    for (const { state, steps } of [main, other]) {
      expect(state.get('a')).toMatchObject({ name: 'Renamed', metadata: { tags: ['new'], critical: true } });
      expect(steps.map(({ flags }) => flags)).toEqual([['a']]);
    }
  });

  promise('a write is there for the next who asks on that node', async ({ stage, start, visit }) => {
    await stage.create('a');
    for (let round = 0; round < 5; round += 1) {
      const left = await visit();
      const [cursor] = await stage.toggle('a', 1);
      const [cold, resumed] = [await start(), await start(left)];
      expect([cold.cursor, resumed.cursor]).toEqual([cursor, cursor]);
      expect(resumed.state).toEqual(cold.state);
    }
  });
}

contract('What is written', {}, promises);
