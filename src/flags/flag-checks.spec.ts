import { describe, expect, test } from '@jest/globals';
import { Conflict, InvalidInput } from '../common/errors.js';
import { changedFlag, checkEdit, checkNewFlag } from './flag-checks.js';
import { type Flag } from './flag.entity.js';
import { draftOf } from './requests/draft.js';
import { CreateFlagRequest, EditFlagRequest } from './requests/flag.request.js';
import { changedSetting, type Setting, UNSET } from './setting.js';

const good = { id: 'welcome', name: 'Welcome', value_type: 'boolean', variants: { on: true, off: false } };

function newFlag(body: unknown): ReturnType<typeof checkNewFlag> {
  return checkNewFlag(draftOf(CreateFlagRequest, body), ['production', 'staging']);
}

async function pathsOf(work: () => Promise<unknown>): Promise<string[]> {
  try {
    await work();
  } catch (error) {
    if (error instanceof InvalidInput) return error.mistakes.map(({ path }) => path);
    throw error;
  }
  throw new Error('nothing was refused');
}

describe('a new flag', () => {
  test('passes with the settings of the environments that it names', async () => {
    const { settings } = await newFlag({ ...good, environments: { staging: { status: 'enabled', targeting: null } } });
    expect([...settings]).toEqual([['staging', { status: 'enabled', targeting: {} }]]);
  });

  test('is refused with the mistakes of its shape and of its meaning in one answer', async () => {
    const body = {
      id: 'constructor',
      name: '',
      value_type: 'boolean',
      variants: { on: 1 },
      default_variant: 'off',
      colour: 'red',
      environments: { nowhere: {}, production: { status: 'on', targeting: { if: [true, 'blue', 'on'] } } },
    };
    expect(await pathsOf(() => newFlag(body))).toEqual([
      'colour',
      'default_variant',
      'environments.nowhere',
      'environments.production.status',
      'environments.production.targeting.if[1]',
      'id',
      'name',
      'variants.on',
    ]);
  });

  test('of a wrong type is not blamed for values that fit another one, but for names that fit none', async () => {
    const body = { ...good, value_type: 'bool', variants: { on: 'yes', toString: 'no' } };
    expect(await pathsOf(() => newFlag(body))).toEqual(['value_type', 'variants.toString']);
  });

  test('has its environments looked up as own names only', async () => {
    const body: unknown = JSON.parse(JSON.stringify({ ...good, environments: {} }).replace('{}}', '{"__proto__":{}}}'));
    expect(await pathsOf(() => newFlag(body))).toEqual(['environments.__proto__']);
  });
});

const flag = {
  key: 'welcome',
  name: 'Welcome',
  description: 'Text',
  valueType: 'boolean',
  variants: { on: true, off: false },
  defaultVariant: 'off',
  tags: ['a'],
  owner: 'me',
  critical: true,
} as unknown as Flag;

function edit(body: unknown, settings: Record<string, Setting> = {}): Promise<void> {
  return checkEdit(flag, draftOf(EditFlagRequest, body), new Map(Object.entries(settings)));
}

describe('an edit', () => {
  test('may add variants, and take away those that nobody uses', async () => {
    await expect(edit({ variants: { off: false, third: true } }, { production: UNSET })).resolves.toBeUndefined();
  });

  test('cannot take a variant away that environments use, and says where', async () => {
    const settings = {
      production: changedSetting(UNSET, { default_variant: 'on' }),
      staging: changedSetting(UNSET, { targeting: { if: [true, 'on', 'off'] } }),
    };
    await expect(edit({ variants: { off: false } }, settings)).rejects.toThrow(Conflict);
    await expect(edit({ variants: { off: false } }, settings)).rejects.toThrow(
      /environments\.production\.default_variant, environments\.staging\.targeting\.if\[1\]/,
    );
  });

  test('cannot take the default away, unless it names another one', async () => {
    await expect(edit({ variants: { on: true } })).rejects.toThrow(Conflict);
    await expect(edit({ variants: { on: true }, default_variant: 'on' })).resolves.toBeUndefined();
    expect(await pathsOf(() => edit({ variants: { on: true }, default_variant: 'off' }))).toEqual(['default_variant']);
  });

  test('a default that is no longer inherited is in nobody’s way', async () => {
    const setting = { ...UNSET, defaultVariant: 'gone', inheritsDefaultVariant: true };
    await expect(edit({ variants: { off: false } }, { production: setting })).resolves.toBeUndefined();
  });

  test('is checked against the type that the flag has', async () => {
    expect(await pathsOf(() => edit({ variants: { off: 'no' }, name: 7 }))).toEqual(['name', 'variants.off']);
  });

  test('null clears, absent keeps', () => {
    const cleared = { description: '', defaultVariant: null, tags: [], owner: null, critical: false };
    const body = { description: null, default_variant: null, tags: null, owner: null, critical: null };
    expect(changedFlag(flag, body)).toEqual({ ...flag, ...cleared });
    expect(changedFlag(flag, {})).toEqual(flag);
  });

  test('variants are kept as the database will give them back', () => {
    expect(Object.is(changedFlag(flag, { variants: { zero: -0 } }).variants['zero'], 0)).toBe(true);
  });
});
