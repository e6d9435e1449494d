import { expect } from '@jest/globals';
import { filterHash, parseCursor } from '../support/cursor.js';
import { contract, type Declare } from './support/contract.js';
import { ON, type Stage } from './support/stage.js';

/** A stream learns by its heartbeats that it advanced without events. */
const settings = { FLAGWIRE_HEARTBEAT_S: '0.3' };

const flags = ['a', 'x.*'];

async function createAll(stage: Stage, ids: readonly string[]): Promise<void> {
  for (const id of ids) await stage.create(id);
}

/** One change set that enables the flags, in this order. */
function enable(stage: Stage, ids: readonly string[]): Promise<string> {
  return stage.set(ids.map((flag) => ({ flag, ...ON })));
}

const withHash = (cursor: string, filter: readonly string[] = flags): string => `${cursor}.${filterHash(filter)}`;

function promises(promise: Declare): void {
  promise('ids and prefixes choose the flags', async ({ stage, start }) => {
    await createAll(stage, ['a', 'aa', 'b', 'x', 'x.1', 'x.y.2', 'X.3']);
    const subscriber = await start({ flags });
    expect([...subscriber.state.keys()].sort()).toEqual(['a', 'x.1', 'x.y.2']);
    await stage.edit('b', ON);
    await stage.edit('x.1', ON);
    const cursor = await stage.archive('x.y.2');
    await subscriber.waitForCursor(cursor);
    expect([...new Set(subscriber.steps.flatMap((step) => step.flags))].sort()).toEqual(['x.1', 'x.y.2']);
    const wanted = [...(await stage.truth())].filter(([id]) => ['a', 'x.1'].includes(id));
    expect([subscriber.cursor, subscriber.state]).toEqual([withHash(cursor), new Map(wanted)]);
  });

  promise('flags that do not exist yet match when they are made', async ({ stage, start }) => {
    await createAll(stage, ['b']);
    const subscriber = await start({ flags: ['later', 'soon.*'] });
    expect(subscriber.state.size).toBe(0);
    await createAll(stage, ['late', 'later', 'soon.1']);
    await subscriber.waitForCursor(await stage.create('soon'));
    expect([...subscriber.state.keys()].sort()).toEqual(['later', 'soon.1']);
  });

  promise('a star among the entries means all flags', async ({ stage, start }) => {
    await createAll(stage, ['a', 'b']);
    const subscriber = await start({ flags: ['*', 'b'] });
    expect([subscriber.state.size, parseCursor(subscriber.cursor)?.filter]).toEqual([2, undefined]);
  });

  promise('what is left of a change set by the filter arrives whole', async ({ stage, start }) => {
    await createAll(stage, ['a', 'b', 'c', 'x.1', 'x.2']);
    const subscriber = await start({ flags });
    const cursor = await enable(stage, ['b', 'a', 'c', 'x.2', 'x.1']);
    await subscriber.waitForCursor(cursor);
    expect(subscriber.steps.map((step) => [step.cursor, step.flags])).toEqual([[withHash(cursor), ['a', 'x.1', 'x.2']]]);
  });

  promise('the last event of a change set may be one that the filter drops', async ({ stage, start }) => {
    await createAll(stage, ['a', 'b', 'c', 'x.1']);
    const subscriber = await start({ flags });
    const cursor = await enable(stage, ['a', 'x.1', 'b', 'c']);
    await subscriber.waitForCursor(cursor);
    expect(subscriber.steps.map((step) => [step.cursor, step.flags])).toEqual([[withHash(cursor), ['a', 'x.1']]]);
  });

  promise('the cursor goes on without events, and a change set after that arrives whole', async ({ stage, start }) => {
    await createAll(stage, ['a', 'b', 'x.1']);
    const subscriber = await start({ flags });
    const cursors = await stage.toggle('b', 3);
    await subscriber.waitForCursor(cursors[2] ?? '');
    expect([subscriber.cursor, subscriber.steps]).toEqual([withHash(cursors[2] ?? ''), []]);
    await stage.toggle('b', 2);
    const cursor = await enable(stage, ['a', 'b', 'x.1']);
    await subscriber.waitForCursor(cursor);
    expect(subscriber.steps.map((step) => [step.cursor, step.flags])).toEqual([[withHash(cursor), ['a', 'x.1']]]);
  });

  promise('who comes back gets only what its filter lets through', async ({ stage, start, visit }) => {
    await createAll(stage, ['a', 'b', 'x.1']);
    const left = await visit({ flags });
    await stage.toggle('b', 4);
    const own = await stage.edit('a', ON);
    const both = await enable(stage, ['b', 'x.1']);
    const [last = ''] = await stage.toggle('b', 1);
    const back = await start({ ...left, flags });
    expect(back.begun).toBe('delta');
    expect(back.steps.map((step) => [step.cursor, step.flags])).toEqual([
      [withHash(own), ['a']],
      [withHash(both), ['x.1']],
    ]);
    expect(back.cursor).toBe(withHash(last));
  });

  promise('a filter is the same in any order, and with repeats', async ({ stage, start, visit }) => {
    await createAll(stage, ['a', 'b', 'x.1']);
    const left = await visit({ flags: ['b', 'x.*', 'a'] });
    const back = await start({ ...left, flags: ['x.*', 'a', 'b', 'a', 'x.*'] });
    expect([back.begun, back.cursor, back.steps]).toEqual(['delta', left.cursor, []]);
  });

  promise('who was away learns of deletions that its filter lets through', async ({ stage, start, visit }) => {
    await createAll(stage, ['a', 'b', 'x.1', 'x.2']);
    const left = await visit({ flags });
    await stage.archive('b');
    await stage.archive('x.1');
    const back = await start({ ...left, flags });
    expect([...back.state.keys()].sort()).toEqual(['a', 'x.2']);
  });
}

contract('A filtered subscription', settings, promises);
