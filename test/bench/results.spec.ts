import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { type Pair } from '../../bench/pairs.js';
import { pairsOf, Results } from '../../bench/results.js';
import { type Row } from '../../bench/row.js';

const ROW: Row = {
  name: 'a row',
  groups: [],
  unit: 'us',
  goal: { most: 1 },
  measure: () => Promise.reject(new Error('not measured here')),
};
const RUN = { commit: 'abc', machine: 'Node 20', isFresh: false };
const pair = (fault?: string): Pair => {
  const window = { figure: 1, faults: fault === undefined ? [] : [fault], parts: {} };
  return { floor: window, product: window };
};
const finished = (pairs: Pair[]) => ({ at: '2026-11-27T00:00:00.000Z', pairs, notes: ['a note'] });

describe('the results of a commit', () => {
  let folder: string;
  let file: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'flagwire-results-'));
    file = join(folder, 'new', 'abc.json');
  });

  afterEach(() => rmSync(folder, { recursive: true }));

  it('are none at first', () => {
    const results = Results.open(file, RUN);
    expect(results.has(ROW, 1)).toBe(false);
    expect(results.resultOf(ROW)).toEqual({ row: ROW, summary: null, notes: [] });
    expect(existsSync(file)).toBe(false);
  });

  it('are there for the next run, which does not measure the row again', () => {
    Results.open(file, RUN).keep(ROW, finished([pair(), pair()]));
    const results = Results.open(file, RUN);
    expect(results.has(ROW, 2)).toBe(true);
    expect(results.resultOf(ROW)).toMatchObject({ summary: { ratio: 1, verdict: 'met' }, notes: ['a note'] });
  });

  it('tell how much of the CPU was user time', () => {
    const parts = (userUs: number) => ({ figure: 1, faults: [], parts: { cpuUs: 100, userUs } });
    const results = Results.open(file, RUN);
    results.keep(ROW, finished([{ floor: parts(30), product: parts(60) }]));
    expect(results.resultOf(ROW).notes).toEqual(['a note', 'user time is 60 % of the product’s CPU, 30 % of the floor’s']);
  });

  it('are measured again where there were fewer pairs than are wanted', () => {
    Results.open(file, RUN).keep(ROW, finished([pair()]));
    expect(Results.open(file, RUN).has(ROW, 2)).toBe(false);
    expect(Results.open(file, RUN).has({ ...ROW, mostPairs: 1 }, 2)).toBe(true);
    expect(pairsOf({ ...ROW, mostPairs: 1 }, 2)).toBe(1);
  });

  it('are measured again where they say nothing', () => {
    Results.open(file, RUN).keep(ROW, finished([pair('a gap')]));
    expect(Results.open(file, RUN).has(ROW, 1)).toBe(false);
  });

  it.each([
    ['on another machine', { ...RUN, machine: 'Node 24' }],
    ['where that is asked for', { ...RUN, isFresh: true }],
    ['of a tree with changes that are not committed', { ...RUN, commit: 'abc-dirty' }],
  ])('begin anew %s', (_, run) => {
    Results.open(file, RUN).keep(ROW, finished([pair()]));
    expect(Results.open(file, run).has(ROW, 1)).toBe(false);
  });
});
