import { expect, test } from '@jest/globals';
import { type Flag } from './flag.entity.js';
import { changedSetting, toWire, UNSET } from './setting.js';

const flag: Flag = {
  id: 'row',
  projectId: 'project',
  key: 'checkout',
  name: 'Checkout',
  description: '',
  valueType: 'boolean',
  variants: { on: true, off: false },
  defaultVariant: 'off',
  tags: ['a'],
  owner: null,
  critical: false,
  version: 3,
  createdAt: '2026-01-01T00:00:00.000Z',
  updatedAt: '2026-01-02T00:00:00.000Z',
  archivedAt: null,
};

test('a flag that nobody has set in an environment is disabled there, with its own default and no targeting', () => {
  expect(toWire(flag, UNSET)).toEqual({
    id: 'checkout',
    name: 'Checkout',
    description: '',
    status: 'disabled',
    value_type: 'boolean',
    variants: { on: true, off: false },
    default_variant: 'off',
    targeting: {},
    metadata: { created_at: '2026-01-01T00:00:00.000Z', tags: ['a'], owner: null, critical: false },
  });
});

test('an environment that has chosen the default in the code does not inherit the default of the flag', () => {
  const setting = changedSetting(UNSET, { default_variant: null });
  expect(toWire(flag, setting).default_variant).toBeNull();
});

test('an environment goes on to inherit while only its status changes', () => {
  const setting = changedSetting(UNSET, { status: 'enabled' });
  expect(toWire({ ...flag, defaultVariant: 'on' }, setting)).toMatchObject({ status: 'enabled', default_variant: 'on' });
});

test('what an edit does not name stays', () => {
  const setting = changedSetting(UNSET, { status: 'enabled', default_variant: 'on', targeting: { if: [true, 'on'] } });
  expect(changedSetting(setting, {})).toEqual(setting);
  expect(changedSetting(setting, { targeting: {} })).toEqual({ ...setting, targeting: {} });
});
