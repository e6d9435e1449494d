import { describe, expect, it } from '@jest/globals';
import { applyFlagEvent, type FlagDefinition } from '@flagwire/protocol/sync';
import { changeOf, type FlagContent, type HeldFlag } from './change-set.js';

const NOW = Date.parse('2026-06-01T00:00:00.000Z');
const content: FlagContent = {
  id: 'a',
  name: 'A',
  description: '',
  status: 'enabled',
  value_type: 'boolean',
  variants: { on: true, off: false },
  default_variant: 'off',
  targeting: { if: [true, 'on'] },
  metadata: { created_at: '2026-01-01T00:00:00.000Z', tags: ['x'], owner: null, critical: false },
};

function heldAfter(change: ReturnType<typeof changeOf>): HeldFlag {
  if (change === null) throw new Error('nothing changed');
  return { version: change.version, updatedAt: change.updatedAt, definition: change.after };
}

const held = (more: Partial<FlagContent> = {}) => heldAfter(changeOf('a', null, { ...content, ...more }, NOW));

describe('changeOf', () => {
  it('creates a flag at version 1', () => {
    const change = changeOf('a', null, content, NOW);
    expect(change).toMatchObject({ version: 1, before: null, event: { type: 'FlagCreated' } });
    expect(change?.after?.metadata).toEqual({ ...content.metadata, version: 1, updated_at: '2026-06-01T00:00:00.000Z' });
  });

  it.each<[string, Partial<FlagContent>]>([
    ['its name', { name: 'B' }],
    ['its rules', { targeting: {} }],
    ['a variant', { variants: { on: true, off: true } }],
    ['its default', { default_variant: null }],
    ['its tags', { metadata: { ...content.metadata, tags: [] } }],
    ['its status with something else', { status: 'disabled', name: 'B' }],
  ])('updates a flag when %s changes', (_, more) => {
    const change = changeOf('a', held(), { ...content, ...more }, NOW + 5);
    expect(change?.event.type).toBe('FlagUpdated');
    expect(change?.after).toMatchObject({ ...more, metadata: { version: 2 } });
  });

  it('says no more than the status where that alone changes', () => {
    const change = changeOf('a', held(), { ...content, status: 'disabled' }, NOW + 5);
    expect(change?.event).toEqual({
      type: 'FlagStatusChanged',
      data: { flag_id: 'a', old_status: 'enabled', new_status: 'disabled', version: 2, updated_at: '2026-06-01T00:00:00.005Z' },
    });
  });

  it('deletes a flag under its next version', () => {
    const before = held();
    expect(changeOf('a', before, null, NOW)).toMatchObject({
      event: { type: 'FlagDeleted', data: { flag_id: 'a', version: 2 } },
      before: before.definition,
      after: null,
    });
  });

  it('restores a deleted flag as created, and its versions go on', () => {
    const gone = heldAfter(changeOf('a', held(), null, NOW));
    expect(gone.definition).toBeNull();
    const change = changeOf('a', gone, content, NOW);
    expect(change).toMatchObject({ version: 3, event: { type: 'FlagCreated', data: { metadata: { version: 3 } } } });
  });

  it('finds nothing to change where the flag is as it shall be', () => {
    expect(changeOf('a', held(), content, NOW + 1000)).toBeNull();
    expect(changeOf('a', null, null, NOW)).toBeNull();
    expect(changeOf('a', heldAfter(changeOf('a', held(), null, NOW)), null, NOW)).toBeNull();
  });

  it('finds nothing to change where zero became minus zero, which JSON cannot say', () => {
    const numbers = { value_type: 'number', default_variant: null } as const;
    expect(
      changeOf('a', held({ ...numbers, variants: { none: 0 } }), { ...content, ...numbers, variants: { none: -0 } }, NOW),
    ).toBeNull();
  });

  it('dates each change later than the one before, though the clock stands still or goes back', () => {
    let flag = held();
    const dates = [flag.updatedAt];
    for (const now of [NOW, NOW, NOW - 60_000, NOW + 60_000]) {
      flag = heldAfter(changeOf('a', flag, { ...content, name: `${dates.length}` }, now));
      dates.push(flag.updatedAt);
    }
    expect(dates).toEqual([...dates].sort());
    expect(new Set(dates).size).toBe(5);
    expect(dates.at(-1)).toBe('2026-06-01T00:01:00.000Z');
  });

  it('gives an event that turns what was held into what was wanted', () => {
    const wanted: (FlagContent | null)[] = [content, { ...content, status: 'deprecated' }, null, { ...content, name: 'B' }];
    let flag: HeldFlag | null = null;
    let client: FlagDefinition | null = null;
    for (const next of wanted) {
      const change = changeOf('a', flag, next, NOW);
      if (change === null) throw new Error('nothing changed');
      client = applyFlagEvent(client, change.event);
      expect(client).toEqual(change.after);
      flag = heldAfter(change);
    }
  });
});
