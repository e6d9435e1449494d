import { describe, expect, it } from '@jest/globals';
import { type FlagDefinition, type FlagEvent } from '../../support/wire-types.js';
import { History } from './history.js';
import { judge } from './judge.js';
import { type Diary, type Log, type Record, type Sight } from './record.js';

const AT = '2026-01-01T00:00:00.000Z';
const LIMITS = { convergenceMs: 5000, answerMs: 5000, cutMs: 1000 };

function flag(id: string, version: number): FlagDefinition {
  return {
    ...{ id, name: id, description: '', status: 'enabled', value_type: 'boolean', variants: { on: true }, default_variant: 'on' },
    ...{ targeting: {}, metadata: { version, created_at: AT, updated_at: AT, tags: [], owner: null, critical: false } },
  };
}

const created = (id: string): FlagEvent => ({ type: 'FlagCreated', data: flag(id, 1) });
const updated = (id: string, version: number): FlagEvent => ({ type: 'FlagUpdated', data: flag(id, version) });
const at = (revision: number, mark = 'aaaaaa') => `k3x9q0ab.${revision}.${mark}`;

/** 1: a and b; 2: a; 3: b; 4: a and b. */
const log: Log = {
  origin: at(0),
  rows: [[created('a'), created('b')], [updated('a', 2)], [updated('b', 2)], [updated('a', 3), updated('b', 3)]].map(
    (events, index) => ({ cursor: at(index + 1), comment: `set ${index + 1}`, events }),
  ),
};
/** Restored at 2, and another way from there. */
const second: Log = {
  origin: at(0),
  rows: [...log.rows.slice(0, 2), { cursor: at(3, 'bbbbbb'), comment: null, events: [updated('b', 2)] }],
};

function sight(revision: number, changes: Partial<Sight> = {}): Sight {
  const { events = [] } = log.rows[revision - 1] ?? {};
  return { at: 0, kind: 'set', cursor: at(revision), events, ...changes };
}

function full(cursor: string, versions: string, when = 0): Sight {
  return { at: when, kind: 'full', cursor, versions };
}

const START = full(at(1), 'a@1 b@1');

function diary(sights: Sight[], changes: Partial<Diary> = {}): Diary {
  return { name: 'client', flags: undefined, sights, breaches: [], received: sights.length, ...changes };
}

function record(changes: Partial<Record>): Record {
  const logs = changes.logs ?? [log];
  const head = logs.at(-1)?.rows.at(-1)?.cursor ?? '';
  const stored = { cursor: head, flags: new Map(new History(logs).flags(head, undefined)) };
  return {
    ...{
      logs,
      stored,
      restores: [],
      writes: [],
      mistakes: [],
      diaries: [],
      convergences: [],
      comings: [],
      cuts: [],
      limits: LIMITS,
    },
    ...changes,
  };
}

const broken = (changes: Partial<Record>) => [...new Set(judge(record(changes)).map(({ invariant }) => invariant))];
const ORDER = 'revisions are applied in order, without repeats and gaps';
const PART = 'a change set is never seen in part';
const BACK = 'nobody goes backwards';

describe('The checker of what a cluster shows', () => {
  it('finds nothing where all is right', () => {
    const filtered = diary([full(at(1), 'a@1'), sight(2), sight(4, { events: [updated('a', 3)] })], { flags: ['a'] });
    const changes: Partial<Record> = {
      writes: [{ at: 0, cursor: at(3), comment: 'set 3' }],
      diaries: [diary([START, sight(2), sight(3), sight(4)]), diary([START, full(at(4), 'a@3 b@3')]), filtered],
      convergences: [{ name: 'client', tookMs: 4999 }],
      comings: [{ name: 'client', tookMs: 10 }],
      cuts: [{ name: 'client', due: 100, closed: 1100 }],
    };
    expect(judge(record(changes))).toEqual([]);
  });

  it.each<[what: string, invariant: string, changes: Partial<Record>]>([
    [
      'a hole in the log',
      'the log is dense, and is what is stored',
      { logs: [{ ...log, rows: log.rows.filter((_, row) => row !== 1) }] },
    ],
    [
      'flags that the log did not make',
      'the log is dense, and is what is stored',
      { stored: { cursor: at(4), flags: new Map() } },
    ],
    [
      'a write whose answer is in no log',
      'an acknowledged write is never lost',
      { writes: [{ at: 0, cursor: at(4, 'cccccc'), comment: null }] },
    ],
    [
      'a write with the answer of another',
      'an acknowledged write is never lost',
      { writes: [{ at: 0, cursor: at(3), comment: 'set 4' }] },
    ],
    [
      'a breach of the protocol',
      'a client keeps to the protocol of one connection',
      { diaries: [diary([], { breaches: ['odd'] })] },
    ],
    [
      'a revision that is in no log',
      'nothing is told that the log does not have',
      { diaries: [diary([START, sight(2, { cursor: at(2, 'cccccc') })])] },
    ],
    ['a gap', ORDER, { diaries: [diary([START, sight(3)])] }],
    ['a repeat', ORDER, { diaries: [diary([START, sight(2), sight(2)])] }],
    [
      'a gap behind a filter',
      ORDER,
      { diaries: [diary([full(at(1), 'b@1'), sight(4, { events: [updated('b', 3)] })], { flags: ['b'] })] },
    ],
    ['a part of a set', PART, { diaries: [diary([START, sight(2), sight(3), sight(4, { events: [updated('a', 3)] })])] }],
    ['a part of a set in what is shown', PART, { diaries: [diary([START, full(at(4), 'a@3 b@2')])] }],
    [
      'other contents',
      PART,
      { diaries: [diary([START, sight(2, { events: [{ type: 'FlagUpdated', data: { ...flag('a', 2), name: 'z' } }] })])] },
    ],
    ['a way back', BACK, { diaries: [diary([START, full(at(4), 'a@3 b@3'), full(at(2), 'a@2 b@1')])] }],
    ['a client that is late', 'all clients equal the database in time', { convergences: [{ name: 'client', tookMs: 5001 }] }],
    ['a client that never comes', 'all clients equal the database in time', { convergences: [{ name: 'client', tookMs: null }] }],
    ['a cursor without an answer', 'no cursor leads to silence', { comings: [{ name: 'client', tookMs: null }] }],
    ['a late cut', 'a revoked key is cut in time', { cuts: [{ name: 'client', due: 100, closed: 1101 }] }],
    ['no cut', 'a revoked key is cut in time', { cuts: [{ name: 'client', due: 100, closed: null }] }],
    ['an internal error', 'no fault makes an internal error', { mistakes: ['500'] }],
  ])('finds %s', (_what, invariant, changes) => {
    expect(broken(changes)).toEqual([invariant]);
  });

  it('lets a restore take back writes and clients, from when it is declared', () => {
    const logs = [log, second];
    const back = diary([START, sight(2), sight(3), full(at(3, 'bbbbbb'), 'a@2 b@2', 50)]);
    const writes = [{ at: 0, cursor: at(4), comment: 'set 4' }];
    expect(judge(record({ logs, restores: [40], writes, diaries: [back] }))).toEqual([]);
    expect(broken({ logs, restores: [60], diaries: [back] })).toEqual([BACK]);
    const plainlyBack = diary([START, full(at(2), 'a@2 b@1', 50), full(at(1), 'a@1 b@1', 51)]);
    expect(broken({ logs, restores: [40], diaries: [plainlyBack] })).toEqual([BACK]);
    const acrossWithoutSync = diary([START, sight(2), sight(3), sight(3, { cursor: at(3, 'bbbbbb') })]);
    expect(broken({ logs, restores: [40], diaries: [acrossWithoutSync] })).toEqual([ORDER]);
  });
});
