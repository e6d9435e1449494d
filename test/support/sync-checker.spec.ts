import { describe, expect, it } from '@jest/globals';
import { SyncChecker } from './sync-checker.js';
import { parseMessage, type FlagDefinition, type FlagStatus } from './wire-types.js';

const EPOCH = 'k3x9q0ab';
const at = (revision: number, filter = ''): string => `${EPOCH}.${revision}.mark${String(revision).padStart(2, '0')}${filter}`;

function flag(id: string, version = 1, status: FlagStatus = 'enabled'): FlagDefinition {
  const time = '2026-11-23T17:52:10.123Z';
  return {
    ...{ id, name: id, description: '', status, value_type: 'boolean', variants: { on: true, off: false } },
    ...{ default_variant: 'off', targeting: {} },
    metadata: { version, created_at: time, updated_at: time, tags: [], owner: null, critical: false },
  };
}

type Sent = [id: string, type: string, data: object, more?: true];

const started = (mode: string, id = 'none'): Sent => [id, 'SyncStarted', { mode, connection_id: 'c1', protocol: 1 }];
const complete = (id: string, flag_count: number): Sent => [id, 'SyncComplete', { flag_count }];
const heartbeat = (id: string): Sent => [id, 'Heartbeat', { timestamp: 1_790_000_000, age_ms: 12 }];
const updated = (id: string, definition: FlagDefinition): Sent => [id, 'FlagUpdated', definition];

function statusChange(id: string, flag_id: string, version: number, more?: true): Sent {
  const change = { old_status: 'enabled', new_status: 'disabled', updated_at: '2026-11-23T17:52:11.000Z' };
  const data = { flag_id, version, ...change };
  return more ? [id, 'FlagStatusChanged', data, more] : [id, 'FlagStatusChanged', data];
}

function feed(checker: SyncChecker, messages: Sent[]): SyncChecker {
  for (const [id, type, data, more] of messages) {
    checker.receive(parseMessage(JSON.stringify({ type, data, ...(more && { more }) }), id));
  }
  return checker;
}

const cold: Sent[] = [started('full'), updated('none', flag('a')), updated('none', flag('b')), complete(at(4), 2)];

describe('SyncChecker on a connection that keeps the protocol', () => {
  it('swaps the whole state in at the end of a full sync', () => {
    const checker = new SyncChecker({ cursor: at(2), state: new Map([['gone', flag('gone')]]) });
    feed(checker, cold.slice(0, 3));
    expect([...checker.state.keys()]).toEqual(['gone']);
    feed(checker, cold.slice(3));
    expect([...checker.state.keys()]).toEqual(['a', 'b']);
    expect([checker.cursor, checker.syncs, checker.violations]).toEqual([at(4), 1, []]);
  });

  it('applies a change set at once, at its last event', () => {
    const checker = feed(new SyncChecker(), [...cold, statusChange(at(4), 'a', 2, true)]);
    expect(checker.state.get('a')?.status).toBe('enabled');
    feed(checker, [[at(5), 'FlagDeleted', { flag_id: 'b', version: 2 }], heartbeat(at(5))]);
    expect([checker.state.get('a')?.status, checker.state.has('b')]).toEqual(['disabled', false]);
    expect(checker.applied).toMatchObject([{ cursor: at(5), events: [{ type: 'FlagStatusChanged' }, {}] }]);
    expect(checker.violations).toEqual([]);
  });

  it('resumes by a delta', () => {
    const checker = new SyncChecker({ cursor: at(4), state: new Map([['a', flag('a')]]) });
    const created: Sent = [at(6), 'FlagCreated', flag('new')];
    feed(checker, [started('delta', at(4)), statusChange(at(5), 'a', 2), created, complete(at(6), 2)]);
    expect([checker.violations, checker.cursor]).toEqual([[], at(6)]);
  });

  it('lets a filtered connection advance without events', () => {
    const filter = '.ca978112'; // SHA-256 of "a"
    const checker = new SyncChecker({ flags: ['a'] });
    const sync = [started('full'), updated('none', flag('a')), complete(at(4, filter), 1)];
    feed(checker, [...sync, heartbeat(at(9, filter)), statusChange(at(12, filter), 'a', 2)]);
    expect(checker.violations).toEqual([]);
  });

  it('takes a Goodbye at once, with the presented cursor', () => {
    const goodbye: Sent = [at(4), 'Goodbye', { reason: 'overload', retry_after_ms: 900 }];
    expect(feed(new SyncChecker({ cursor: at(4) }), [goodbye]).violations).toEqual([]);
  });
});

describe('SyncChecker on a connection that breaks the protocol', () => {
  const goodbye: Sent = [at(4), 'Goodbye', { reason: 'shutdown', retry_after_ms: null }];
  const cases: [breach: string, messages: Sent[], says: string][] = [
    ['a message before the sync', [heartbeat('none')], 'before the first SyncStarted'],
    ['a serial number as id', [...cold, heartbeat('7')], 'no cursor as its id'],
    ['a heartbeat inside a sync', [started('full'), heartbeat('none')], 'inside a sync'],
    ['an id inside a full sync', [started('full'), updated(at(4), flag('a'))], 'an id inside a full sync'],
    ['a flag twice in a full sync', [...cold.slice(0, 3), updated('none', flag('a'))], 'twice'],
    ['a wrong count', [...cold.slice(0, 3), complete(at(4), 3)], 'counts 3 flags where 2 were sent'],
    ['a gap', [...cold, statusChange(at(6), 'a', 2)], `does not follow ${at(4)}`],
    ['the same revision twice', [...cold, statusChange(at(4), 'a', 2)], `does not follow ${at(4)}`],
    ['the new cursor too early', [...cold, statusChange(at(5), 'a', 2, true)], 'not the cursor before the set'],
    ['a heartbeat in a set', [...cold, statusChange(at(4), 'a', 2, true), heartbeat(at(4))], 'between the events'],
    ['a heartbeat ahead', [...cold, heartbeat(at(5))], `does not repeat the cursor ${at(4)}`],
    ['a version that jumps', [...cold, statusChange(at(5), 'a', 3)], 'makes version 3 of a after 1'],
    ['an unknown flag', [...cold, statusChange(at(5), 'x', 2)], 'of x, which is unknown'],
    ['a flag made twice', [...cold, [at(5), 'FlagCreated', flag('a', 2)]], 'held already'],
    ['something after Goodbye', [...cold, goodbye, heartbeat(at(4))], 'after Goodbye'],
    ['going back', [...cold, started('full'), complete(at(3), 0)], `goes back behind ${at(4)}`],
    ['a delta in place', [...cold, started('delta', at(4))], 'delta in place'],
    ['another filter', [started('full'), complete(at(4, '.00000000'), 0)], 'filter 00000000 where none'],
    ['milliseconds', [...cold, [at(4), 'Heartbeat', { timestamp: 1.79e12, age_ms: 1 }]], 'no valid timestamp'],
    ['a broken flag', [started('full'), updated('none', { ...flag('a'), default_variant: 'x' })], 'default_variant'],
  ];

  it.each(cases)('reports %s', (_breach, messages, says) => {
    const { violations } = feed(new SyncChecker(), messages);
    expect(violations.join('\n')).toContain(says);
  });

  it('reports a full answer to a poll that ends in the middle of a set', () => {
    const checker = feed(new SyncChecker(), cold);
    const data = { flag_id: 'a', version: 2 };
    checker.receiveDelta({
      mode: 'delta',
      events: [{ type: 'FlagDeleted', data, id: at(4), more: true }],
      cursor: at(4),
    });
    expect(checker.violations.join('\n')).toContain('in the middle of a change set');
  });
});
