import { describe, expect, it } from '@jest/globals';
import { type FlagDefinition, isFlagId, parseFlagDefinition } from './flag.js';
import { applyFlagEvent, flagIdOf, type FlagEvent } from './messages.js';

const flag: FlagDefinition = {
  id: 'checkout.new-flow',
  name: 'New checkout',
  description: '',
  status: 'enabled',
  value_type: 'boolean',
  variants: { on: true, off: false },
  default_variant: 'off',
  targeting: {},
  metadata: {
    version: 7,
    created_at: '2026-11-23T17:52:10.123Z',
    updated_at: '2026-11-23T17:52:10.123Z',
    tags: ['checkout'],
    owner: 'payments',
    critical: false,
  },
};
const killed: FlagEvent = {
  type: 'FlagStatusChanged',
  data: { flag_id: flag.id, old_status: 'enabled', new_status: 'disabled', version: 8, updated_at: '2026-11-24T00:00:00.000Z' },
};

describe('Applying a flag event', () => {
  it('takes the definition of what was created or updated', () => {
    expect(applyFlagEvent(null, { type: 'FlagCreated', data: flag })).toBe(flag);
    expect(applyFlagEvent({ ...flag, name: 'old' }, { type: 'FlagUpdated', data: flag })).toBe(flag);
    expect(applyFlagEvent(null, { type: 'FlagUpdated', data: flag })).toBe(flag);
  });

  it('leaves nothing of what was deleted, known or not', () => {
    const gone: FlagEvent = { type: 'FlagDeleted', data: { flag_id: flag.id, version: 8 } };
    expect([applyFlagEvent(flag, gone), applyFlagEvent(null, gone)]).toEqual([null, null]);
  });

  it('changes the status, the version and the date alone, and not the definition that was held', () => {
    const before = structuredClone(flag);
    expect(applyFlagEvent(flag, killed)).toEqual({
      ...flag,
      status: 'disabled',
      metadata: { ...flag.metadata, version: 8, updated_at: '2026-11-24T00:00:00.000Z' },
    });
    expect(flag).toEqual(before);
  });

  it('refuses a status of a flag that is not held: something was missed', () => {
    expect(() => applyFlagEvent(null, killed)).toThrow(RangeError);
  });

  it('knows which flag each event is about', () => {
    const events: FlagEvent[] = [
      { type: 'FlagCreated', data: flag },
      { type: 'FlagUpdated', data: flag },
      { type: 'FlagDeleted', data: { flag_id: flag.id, version: 8 } },
      killed,
    ];
    expect(new Set(events.map(flagIdOf))).toEqual(new Set([flag.id]));
  });
});

describe('A flag id', () => {
  it.each(['a', '0', 'A.b_c-d', 'x'.repeat(128)])('may be %j', (id) => expect(isFlagId(id)).toBe(true));
  it.each(['', '.a', '_a', '-a', 'a b', 'a/b', 'ä', 'a\n', 'x'.repeat(129), 1, null, undefined, ['a']])('may not be %j', (id) => {
    expect(isFlagId(id)).toBe(false);
  });
});

describe('A definition that was received', () => {
  it('is taken as it is, with fields of a newer server', () => {
    const newer = { ...flag, colour: 'green' };
    expect(parseFlagDefinition(newer)).toBe(newer);
  });

  it.each<[string, unknown]>([
    ['no object', [flag]],
    ['no id', { ...flag, id: '' }],
    ['another status', { ...flag, status: 'ENABLED' }],
    ['another type', { ...flag, value_type: 'float' }],
    ['variants that are none', { ...flag, variants: [] }],
    ['no default', { ...flag, default_variant: undefined }],
    ['rules that are none', { ...flag, targeting: null }],
    ['a version that is no number', { ...flag, metadata: { ...flag.metadata, version: '7' } }],
    ['no metadata', { ...flag, metadata: null }],
  ])('is none with %s', (_, value) => {
    expect(parseFlagDefinition(value)).toBeNull();
  });
});
