import { expect } from '@jest/globals';
import { filterHash, parseCursor } from '../support/cursor.js';
import { type FlagDefinition } from '../support/wire-types.js';
import { contract, type Cell, type Declare } from './support/contract.js';
import { OFF, ON } from './support/stage.js';

/** Revisions in memory, and those that can be resumed from: small, so that few writes leave them behind. */
const MEMORY = 5;
const FLOOR = 20;
const settings = {
  FLAGWIRE_RING_REVISIONS: String(MEMORY),
  FLAGWIRE_FLOOR_REVISIONS: String(FLOOR),
  FLAGWIRE_FLOOR_S: '0',
};

/** Away for some revisions: back with each of them as a step of its own, and without a full sync. */
async function expectMissed({ stage, start, visit }: Cell, revisions: number): Promise<void> {
  await stage.create('a');
  await stage.create('b');
  const left = await visit();
  const cursors = await stage.toggle('a', revisions);
  const back = await start(left);
  expect(back.begun).toBe('delta');
  expect(back.steps.map(({ cursor }) => cursor)).toEqual(cursors);
  expect([back.cursor, back.state]).toEqual([cursors.at(-1), await stage.truth()]);
}

/** Everything is sent to whoever presents one of these, and replaces what it had. */
async function expectFull({ stage, start }: Cell, cursors: string[], options: { flags?: string[] } = {}): Promise<void> {
  const { flags } = options;
  const wanted = [...(await stage.truth())].filter(([id]) => flags === undefined || flags.includes(id));
  const stale = { ...wanted[0]?.[1], id: 'held-for-long' } as FlagDefinition;
  for (const cursor of cursors) {
    const back = await start({ ...options, cursor, state: new Map([[stale.id, stale]]), mayGoBack: true });
    await back.stop();
    expect([cursor, back.begun]).toEqual([cursor, 'full']);
    expect([back.state, back.steps]).toEqual([new Map(wanted), []]);
  }
}

function promises(promise: Declare): void {
  promise('who comes back gets exactly what was missed, within the memory of the node', (cell) => expectMissed(cell, MEMORY - 1));

  promise('who comes back gets exactly what was missed, from the log beyond the memory', (cell) =>
    expectMissed(cell, 3 * MEMORY),
  );

  promise('the floor itself can be resumed from', (cell) => expectMissed(cell, FLOOR));

  promise('below the floor everything is sent', async (cell) => {
    await cell.stage.create('a');
    const left = await cell.visit();
    await cell.stage.toggle('a', FLOOR + 1);
    await expectFull(cell, [left.cursor]);
  });

  promise('who is up to date gets nothing, and then what comes', async ({ stage, start, visit }) => {
    await stage.create('a');
    const left = await visit();
    const back = await start(left);
    expect([back.begun, back.cursor, back.steps, back.state]).toEqual(['delta', left.cursor, [], left.state]);
    const [cursor] = await stage.toggle('a', 1);
    await back.waitForCursor(cursor ?? '');
    expect([back.steps.map(({ flags }) => flags), back.state]).toEqual([[['a']], await stage.truth()]);
  });

  promise('who missed so much that everything is shorter gets everything', async (cell) => {
    const flags = Array.from({ length: 10 }, (_, index) => `flag-${index}`);
    for (const flag of flags) await cell.stage.create(flag);
    const left = await cell.visit();
    // 2 x 10 flags + 100 events may come as a delta: 12 sets of 10 do, 13 do not.
    for (let count = 1; count <= 12; count += 1) await cell.stage.set(flags.map((flag) => ({ flag, ...(count % 2 ? ON : OFF) })));
    const near = await cell.start(left);
    expect(near.state).toEqual(await cell.stage.truth());
    await cell.stage.set(flags.map((flag) => ({ flag, ...ON })));
    await expectFull(cell, [left.cursor]);
  });

  promise('missed change sets arrive whole and one by one', async ({ stage, start, visit }) => {
    for (const flag of ['a', 'b', 'c']) await stage.create(flag);
    const left = await visit();
    const first = await stage.set(['c', 'a'].map((flag) => ({ flag, ...ON })));
    const second = await stage.set(['b', 'c'].map((flag) => ({ flag, default_variant: 'on' })));
    const back = await start(left);
    expect(back.steps.map(({ cursor, flags }) => [cursor, flags])).toEqual([
      [first, ['a', 'c']],
      [second, ['b', 'c']],
    ]);
    expect(back.state).toEqual(await stage.truth());
  });

  promise('deletions missed while away are learned', async ({ stage, start, visit }) => {
    for (const flag of ['a', 'b', 'c']) await stage.create(flag);
    const left = await visit();
    await stage.archive('a');
    await stage.archive('b');
    const cursor = await stage.restore('b');
    for (const back of [await start(left), await start({ ...left, cursor: 'none' })]) {
      expect([[...back.state.keys()].sort(), back.cursor]).toEqual([['b', 'c'], cursor]);
      expect(back.state.get('b')?.metadata.version).toBe(3);
    }
  });

  promise('whatever is no cursor gets everything, and never an error', async (cell) => {
    await cell.stage.create('a');
    const { cursor } = await cell.visit();
    const { epoch = '', revision = 0, mark = '' } = parseCursor(cursor) ?? {};
    const garbage = ['none', '', 'null', '0', '7', '-1', '1e3', 'x'.repeat(5000), `${cursor}.`, `${cursor}.xyz`, ` ${revision}`];
    const broken = [`${epoch}.-1.${mark}`, `${epoch}.1${'0'.repeat(20)}.${mark}`, `${epoch}.0${revision}.${mark}`];
    const other = [`${epoch}..${mark}`, cursor.toUpperCase(), `${epoch}.1.5.${mark}`, 'undefined', '<script>', '%00', '../..'];
    await expectFull(cell, [...garbage, ...broken, ...other]);
  });

  promise('a cursor of another environment gets everything', async (cell) => {
    await cell.stage.create('a');
    const key = await cell.stage.addEnvironment('other');
    const cursors = await cell.stage.toggle('a', 2, 'other');
    const elsewhere = await cell.visit({ key });
    expect(elsewhere.cursor).toBe(cursors[1]);
    await expectFull(cell, [elsewhere.cursor]);
  });

  promise('a cursor with another mark gets everything: it is of a history that is no more', async (cell) => {
    await cell.stage.create('a');
    const cursors = await cell.stage.toggle('a', 10);
    const remarked = cursors.map((cursor) => cursor.replace(/[a-z0-9]{6}$/, (mark) => (mark === 'aaaaaa' ? 'bbbbbb' : 'aaaaaa')));
    // At the head, in the memory of the node, and in the log beyond it.
    await expectFull(cell, [...remarked.slice(8), ...remarked.slice(0, 1)]);
  });

  promise('a cursor ahead of the log gets everything', async (cell) => {
    await cell.stage.create('a');
    const { cursor } = await cell.visit();
    const ahead = ['9', '999', '9007199254740991', '9999999999999999'];
    await expectFull(
      cell,
      ahead.map((revision) => cursor.replace(/\.\d+\./, `.${revision}.`)),
    );
  });

  promise('a cursor of another filter gets everything', async (cell) => {
    for (const flag of ['a', 'b']) await cell.stage.create(flag);
    const [plain, narrow] = [await cell.visit(), await cell.visit({ flags: ['a'] })];
    expect(narrow.cursor).toBe(`${plain.cursor}.${filterHash(['a'])}`);
    await expectFull(cell, [plain.cursor], { flags: ['a'] });
    await expectFull(cell, [narrow.cursor]);
    await expectFull(cell, [narrow.cursor], { flags: ['b'] });
    await expectFull(cell, [narrow.cursor], { flags: ['a', 'b'] });
  });
}

contract('A client that comes back', settings, promises);
