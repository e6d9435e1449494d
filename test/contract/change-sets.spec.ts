import { expect } from '@jest/globals';
import { UnexpectedAnswer } from '../support/admin-client.js';
import { revisionOf } from '../support/cursor.js';
import { withSeed, type SeededRandom } from '../support/random.js';
import { type TestServer } from '../support/server.js';
import { contract, type Declare } from './support/contract.js';
import { OFF, ON, Stage } from './support/stage.js';

const names = (count: number): string[] => Array.from({ length: count }, (_, index) => `flag-${1000 + index}`);

/** The flags of all sets written after one revision, up to another. */
function writtenBetween(sets: ReadonlyMap<number, readonly string[]>, after: number, until: number): string[] {
  const inside = [...sets].filter(([revision]) => revision > after && revision <= until);
  return [...new Set(inside.flatMap(([, flags]) => flags))].sort();
}

/** Toggles some of the flags at once; `on` says which are enabled. */
async function toggleSome(random: SeededRandom, stage: Stage, on: Map<string, boolean>): Promise<[string, string[]]> {
  const chosen = random.shuffle([...on.keys()]).slice(0, random.int(2, on.size));
  for (const flag of chosen) on.set(flag, on.get(flag) !== true);
  return [await stage.set(chosen.map((flag) => ({ flag, ...(on.get(flag) === true ? ON : OFF) }))), chosen];
}

/** A project with 500 flags takes a while to make: one for each server. */
const large = new WeakMap<TestServer, Promise<string>>();

async function makeLarge(server: TestServer): Promise<string> {
  const { project } = await Stage.open(server);
  const flags = names(500);
  const make = async (): Promise<void> => {
    for (let flag = flags.pop(); flag !== undefined; flag = flags.pop()) await server.admin.createFlag(flag, {}, { project });
  };
  await Promise.all(Array.from({ length: 8 }, make));
  return project;
}

function promises(promise: Declare): void {
  promise('a change set is seen whole or not at all', async ({ stage, start }) => {
    await withSeed(async (random) => {
      const flags = names(9);
      for (const flag of flags) await stage.create(flag);
      const subscriber = await start();
      const on = new Map(flags.map((flag) => [flag, false]));
      const sets = new Map<number, string[]>();
      let from = revisionOf(subscriber.cursor);
      let last = '';
      for (let count = 0; count < 8; count += 1) {
        const [cursor, chosen] = await toggleSome(random, stage, on);
        sets.set(revisionOf(cursor), chosen);
        last = cursor;
        // Now and then the client sees several at once.
        if (random.chance(0.5)) await subscriber.waitForCursor(cursor);
      }
      await subscriber.waitForCursor(last);
      for (const step of subscriber.steps) {
        const until = revisionOf(step.cursor);
        expect(step.flags).toEqual(writtenBetween(sets, from, until));
        from = until;
      }
      expect(subscriber.state).toEqual(await stage.truth());
    });
  });

  promise('500 flags change at once', async ({ server, start }) => {
    const project = large.get(server) ?? makeLarge(server);
    large.set(server, project);
    const stage = await Stage.open(server, await project);
    const flags = names(500);
    const subscriber = await start({ key: stage.key });
    expect(subscriber.state.size).toBe(500);
    const cursor = await stage.set(flags.map((flag) => ({ flag, ...ON })));
    await subscriber.waitForCursor(cursor);
    expect(subscriber.steps.map((step) => [step.cursor, step.flags])).toEqual([[cursor, flags]]);
    expect([...subscriber.state.values()].every(({ status }) => status === 'enabled')).toBe(true);
  });

  promise('a refused change set leaves nothing behind', async ({ stage, start }) => {
    for (const flag of ['a', 'b']) await stage.create(flag);
    const subscriber = await start();
    const bad = stage.set([
      { flag: 'a', ...ON },
      { flag: 'b', default_variant: 'no-such-variant' },
    ]);
    await expect(bad).rejects.toThrow(UnexpectedAnswer);
    await expect(
      stage.set([
        { flag: 'a', ...ON },
        { flag: 'unheard-of', ...ON },
      ]),
    ).rejects.toThrow(UnexpectedAnswer);
    await expect(
      stage.set([
        { flag: 'a', ...ON, version: 1 },
        { flag: 'b', ...ON, version: 9 },
      ]),
    ).rejects.toThrow('412');
    const cursor = await stage.edit('b', ON);
    await subscriber.waitForCursor(cursor);
    expect(subscriber.steps.map((step) => [step.cursor, step.flags])).toEqual([[cursor, ['b']]]);
    expect(subscriber.state.get('a')?.metadata.version).toBe(1);
  });

  promise('writes of many at once arrive as dense revisions, each once', async ({ stage, start }) => {
    const flags = names(6);
    for (const flag of flags) await stage.create(flag);
    const subscriber = await start();
    const from = revisionOf(subscriber.cursor);
    const cursors = (await Promise.all(flags.map((flag) => stage.toggle(flag, 5)))).flat();
    const sorted = cursors.sort((a, b) => revisionOf(a) - revisionOf(b));
    expect(sorted.map((cursor) => revisionOf(cursor) - from)).toEqual(cursors.map((_, index) => index + 1));
    await subscriber.waitForCursor(sorted.at(-1) ?? '');
    expect(subscriber.steps.map(({ cursor }) => cursor)).toEqual(sorted);
    expect(subscriber.state).toEqual(await stage.truth());
  });
}

contract('A change set', {}, promises);
