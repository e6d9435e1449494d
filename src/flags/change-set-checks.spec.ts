import { expect, test } from '@jest/globals';
import { type HeldFlag } from '../changes/change-set.js';
import { InvalidInput, VersionConflict } from '../common/errors.js';
import { checkChangeSet } from './change-set-checks.js';
import { type Flag } from './flag.entity.js';
import { ChangeSetRequest } from './requests/change-set.request.js';
import { draftOf } from './requests/draft.js';

const flag = { key: 'a', valueType: 'boolean', variants: { on: true, off: false } } as unknown as Flag;
const held: HeldFlag = { version: 7, updatedAt: '2026-01-01T00:00:00.000Z', definition: null };

function check(changes: unknown): ReturnType<typeof checkChangeSet> {
  return checkChangeSet(draftOf(ChangeSetRequest, { changes }), new Map([['a', flag]]), new Map([['a', held]]));
}

async function pathsOf(changes: unknown): Promise<string[]> {
  try {
    await check(changes);
  } catch (error) {
    return (error as InvalidInput).mistakes.map(({ path }) => path);
  }
  throw new Error('nothing was refused');
}

test('a change that fits passes with its flag', async () => {
  const [change] = await check([{ flag: 'a', status: 'disabled', version: 7 }]);
  expect(change?.flag).toBe(flag);
  expect(change?.fields.status).toBe('disabled');
});

test('every mistake of every change is named by its place', async () => {
  const changes = [{ flag: 'a', default_variant: 'blue' }, { flag: 'a' }, { flag: 'b' }, { status: 'enabled' }, 7];
  expect(await pathsOf(changes)).toEqual([
    'changes[0].default_variant',
    'changes[1].flag',
    'changes[2].flag',
    'changes[3].flag',
    'changes[4]',
  ]);
});

test('another version refuses the whole set', async () => {
  await expect(check([{ flag: 'a', version: 6 }])).rejects.toThrow(VersionConflict);
});

test.each([[[]], [Array.from({ length: 1001 }, () => ({}))], ['x'], [null]])(
  'a set is a list of 1 to 1000 changes',
  async (changes) => {
    expect(await pathsOf(changes)).toEqual(['changes']);
  },
);
