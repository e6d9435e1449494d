import { describe, expect, it } from '@jest/globals';
import { apply } from './apply.js';
import { MAX_TOMBSTONES } from './change-set.js';
import { type Effect } from './messages.js';
import { parseMessage } from './parse-message.js';
import { initialState, type SyncState } from './state.js';

const flag = (id: string, version = 1, name = id) => ({
  id,
  name,
  description: '',
  status: 'enabled',
  value_type: 'boolean',
  variants: { on: true, off: false },
  default_variant: 'on',
  targeting: {},
  metadata: { version, created_at: 't', updated_at: `t${version}`, tags: [], owner: null, critical: false },
});
const started = (mode: string, id: string) => ({ type: 'SyncStarted', data: { mode, connection_id: 'c', protocol: 1 }, id });
const complete = (flag_count: number, id: string) => ({ type: 'SyncComplete', data: { flag_count }, id });
const updated = (id: string, data: unknown, rest: object = {}) => ({ type: 'FlagUpdated', data, id, ...rest });
const FULL = [started('full', 'none'), updated('none', flag('a')), updated('none', flag('b')), complete(2, 'c1')];

function receive(state: SyncState, ...messages: unknown[]): { state: SyncState; effects: Effect[] } {
  const effects: Effect[] = [];
  for (const message of messages) {
    const step = apply(state, { type: 'Received', message: parseMessage(message) });
    state = step.state;
    effects.push(...step.effects);
  }
  return { state, effects };
}
const opened = (state = initialState()) => apply(state, { type: 'Opened' }).state;
const live = () => receive(opened(), ...FULL).state;
const types = (effects: Effect[]) => effects.map(({ type }) => type);
const closed = (state: SyncState) => apply(state, { type: 'Closed' }).state;

describe('The state machine', () => {
  it('shows nothing of a full sync before it is whole, and then all of it at once', () => {
    const half = receive(opened(), ...FULL.slice(0, 3));
    expect([half.state.flags.size, half.state.cursor, half.effects]).toEqual([0, 'none', []]);
    const whole = receive(half.state, FULL[3]);
    expect([[...whole.state.flags.keys()], whole.state.cursor, types(whole.effects)]).toEqual([
      ['a', 'b'],
      'c1',
      ['Changed', 'Synced'],
    ]);
  });

  it('drops with a full sync what is not in it, and tells only of what is different', () => {
    const { state, effects } = receive(live(), started('full', 'none'), updated('none', flag('b')), complete(1, 'z1'));
    expect([...state.flags.keys()]).toEqual(['b']);
    expect(effects[0]).toMatchObject({ type: 'Changed', changes: [{ id: 'a', after: null }] });
  });

  it('takes lower versions from a full sync: a back-up may have been restored', () => {
    const newer = receive(live(), updated('c2', flag('a', 2))).state;
    const { state } = receive(newer, ...FULL.slice(0, 3), complete(2, 'z1'));
    expect(state.flags.get('a')?.metadata.version).toBe(1);
  });

  it('keeps flags and cursor when a full sync breaks, and leaves no trace of it', () => {
    const before = closed(live());
    const broken = closed(receive(opened(before), ...FULL.slice(0, 2)).state);
    expect(broken).toEqual(before);
  });

  it('applies a change set when its last event has come, and throws it away when the connection breaks before', () => {
    const half = receive(live(), updated('c1', flag('a', 2), { more: true }));
    expect([half.state.flags.get('a')?.metadata.version, half.effects]).toEqual([1, []]);
    expect(closed(half.state)).toEqual(closed(live()));
    const { state, effects } = receive(half.state, updated('c2', flag('b', 2)));
    expect([...state.flags.values()].map(({ metadata }) => metadata.version)).toEqual([2, 2]);
    expect([state.cursor, types(effects)]).toEqual(['c2', ['Changed']]);
  });

  it('leaves the state that it was given as it was', () => {
    const before = live();
    const copy = structuredClone(before);
    receive(before, updated('c1', flag('a', 2), { more: true }), updated('c2', flag('b', 2)), ...FULL);
    expect(before).toEqual(copy);
  });

  it('ends a change set with a type that it does not know, and takes its cursor', () => {
    const { state } = receive(live(), updated('c1', flag('a', 2), { more: true }), { type: 'FlagPainted', data: {}, id: 'c2' });
    expect([state.flags.get('a')?.metadata.version, state.cursor]).toEqual([2, 'c2']);
  });

  it('skips copies, and does not go back to their cursor', () => {
    const newer = receive(live(), updated('c2', flag('a', 2)), updated('c3', flag('a', 3))).state;
    const { state, effects } = receive(newer, updated('c2', flag('a', 2)));
    expect([state.flags.get('a')?.metadata.version, state.cursor, effects]).toEqual([3, 'c3', []]);
  });

  it('does not bring a deleted flag back for a copy of its creation', () => {
    const gone = receive(live(), { type: 'FlagDeleted', data: { flag_id: 'a', version: 2 }, id: 'c2' }).state;
    const { state } = receive(gone, { type: 'FlagCreated', data: flag('a'), id: 'c0' });
    expect([...state.flags.keys()]).toEqual(['b']);
    expect(receive(gone, { type: 'FlagCreated', data: flag('a', 3), id: 'c3' }).state.flags.size).toBe(2);
  });

  it('remembers a bounded number of deletions: the newest', () => {
    const tombstones = new Map(Array.from({ length: MAX_TOMBSTONES }, (_, index) => [`old${index}`, 1]));
    const { state } = receive({ ...live(), tombstones }, { type: 'FlagDeleted', data: { flag_id: 'a', version: 2 }, id: 'c2' });
    expect([state.tombstones.size, state.tombstones.has('a'), state.tombstones.has('old0')]).toEqual([
      MAX_TOMBSTONES,
      true,
      false,
    ]);
  });

  it.each<[string, unknown[]]>([
    ['a version that jumps', [updated('c2', flag('a', 3))]],
    ['an update of a flag that is not held', [updated('c2', flag('z', 2))]],
    [
      'a status of a flag that is not held',
      [
        {
          type: 'FlagStatusChanged',
          data: { flag_id: 'z', old_status: 'enabled', new_status: 'disabled', version: 2, updated_at: 't' },
          id: 'c2',
        },
      ],
    ],
    ['a part of a set that jumps', [updated('c1', flag('a', 2), { more: true }), updated('c2', flag('b', 3))]],
    ['text that is no JSON', ['{"type":"Fla']],
    ['a flag without variants', [updated('c2', { ...flag('a', 2), variants: null })]],
    [
      'a heartbeat inside a change set',
      [updated('c1', flag('a', 2), { more: true }), { type: 'Heartbeat', data: { timestamp: 1, age_ms: 1 }, id: 'c2' }],
    ],
    ['a heartbeat inside a sync', [FULL[0], { type: 'Heartbeat', data: { timestamp: 1, age_ms: 1 }, id: 'c2' }]],
    ['a full sync of another size', [...FULL.slice(0, 3), complete(3, 'z1')]],
    ['a part of a full sync alone', [updated('none', flag('a', 2))]],
    ['a delta from another cursor', [started('delta', 'c0')]],
    ['a set inside another', [updated('c1', flag('a', 2), { more: true }), updated('c2', flag('b', 2), { more: true })]],
  ])('comes back without its cursor after %s, and still shows what it had', (_, messages) => {
    const { state, effects } = receive(live(), ...messages);
    expect([state.phase.name, state.cursor, types(effects)]).toEqual(['away', 'none', ['Drop']]);
    expect(state.flags).toEqual(live().flags);
    expect(receive(state, updated('c2', flag('a', 2)))).toEqual({ state, effects: [] });
  });

  it('takes the cursor and the age of a heartbeat: a filtered connection goes forward without events', () => {
    const { state } = receive(live(), { type: 'Heartbeat', data: { timestamp: 1, age_ms: 12 }, id: 'c9' });
    expect([state.cursor, state.age_ms]).toEqual(['c9', 12]);
  });

  it('goes away with a Goodbye, with its reason and delay, known or not', () => {
    const { state, effects } = receive(live(), { type: 'Goodbye', data: { reason: 'tea', retry_after_ms: null }, id: 'c1' });
    expect([state.phase.name, state.cursor]).toEqual(['away', 'c1']);
    expect(effects).toEqual([{ type: 'Leave', reason: 'tea', retry_after_ms: null }]);
  });

  it('does not take the answer to GetFlag into its state', () => {
    const before = live();
    expect(receive(before, updated('c1', flag('outside', 4), { request_id: 'r' }))).toEqual({ state: before, effects: [] });
  });

  it('ignores the answer of a poll when its cursor has moved since', () => {
    const events = [parseMessage(updated('none', flag('old')))];
    const state = closed(live());
    const late = apply(state, { type: 'Answered', answer: { asked: 'none', mode: 'full', events, cursor: 'c0' } });
    expect(late).toEqual({ state, effects: [] });
    expect(apply(state, { type: 'Unchanged', asked: 'c0' }).state).toBe(state);
    expect(apply(state, { type: 'Unchanged', asked: 'c1' }).state.phase.name).toBe('polled');
  });

  it('applies the answer of a poll as a whole, or not at all', () => {
    const state = closed(live());
    const answered = (...events: unknown[]) =>
      apply(state, {
        type: 'Answered',
        answer: { asked: 'c1', mode: 'delta', events: events.map((event) => parseMessage(event)), cursor: 'c3' },
      });
    const first = updated('c1', flag('a', 2), { more: true });
    const whole = answered(first, updated('c2', flag('b', 2)), updated('c3', flag('a', 3))).state;
    expect([[...whole.flags.values()].map(({ metadata }) => metadata.version), whole.cursor]).toEqual([[3, 2], 'c3']);
    for (const step of [answered(first), answered(first, '{'), answered(first, updated('c3', flag('b', 4)))]) {
      expect([step.state.flags, step.state.cursor, types(step.effects)]).toEqual([state.flags, 'none', ['Drop']]);
    }
  });
});
