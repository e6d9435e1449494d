import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { FaultyLine, type Hit, HITS, type Op } from './faulty-line.fake.js';
import { type Group, GROUPS, ServerLog } from './server-log.fake.js';
import { isCurrent } from './state.js';

/** Schedules of each kind; `npm run test:model -- --seed S --runs N` sets them. */
const RUNS = Number(process.env['FLAGWIRE_MODEL_RUNS'] ?? 2_500);
const SEED = process.env['FLAGWIRE_MODEL_SEED'];
const PARAMETERS = { numRuns: RUNS, ...(SEED === undefined ? {} : { seed: Number(SEED) }) };

const at = fc.nat(6);
const commit = fc.record({
  op: fc.constant('commit' as const),
  groups: fc.subarray([...GROUPS], { minLength: 1, maxLength: 2 }),
  edit: fc.constantFrom('write' as const, 'write' as const, 'switch' as const, 'delete' as const, 'delete' as const),
});
const deliver = fc.record({ op: fc.constant('deliver' as const), frames: fc.integer({ min: 1, max: 12 }) });
const simple = (
  ...ops: Extract<Op, { op: 'break' | 'beat' | 'restore' | 'goodbye' | 'garble' | 'poll' | 'late-poll' | 'resync' }>['op'][]
) => fc.constantFrom(...ops).map((op): Op => ({ op }));
const calm = [
  { weight: 6, arbitrary: commit },
  { weight: 8, arbitrary: deliver },
  { weight: 4, arbitrary: simple('break') },
  { weight: 2, arbitrary: simple('resync') },
  { weight: 2, arbitrary: simple('beat', 'restore', 'goodbye', 'garble', 'poll', 'late-poll') },
];
const repeats = { weight: 4, arbitrary: fc.record({ op: fc.constant('repeat' as const), at }) };
const losses = {
  weight: 5,
  arbitrary: fc.record({ op: fc.constantFrom('lose' as const, 'swap' as const, 'swap' as const), at }),
};
const schedule = (...more: { weight: number; arbitrary: fc.Arbitrary<Op> }[]) =>
  fc.record({
    filter: fc.option(fc.subarray([...GROUPS], { minLength: 1 }), { freq: 3 }),
    ops: fc.array(fc.oneof(...calm, ...more), { minLength: 1, maxLength: 60, size: 'max' }),
  });

const json = (flags: ReadonlyMap<string, unknown>) => JSON.stringify([...flags].sort(([a], [b]) => (a < b ? -1 : 1)));

function expectWholeSets({ state, heard }: FaultyLine): void {
  const stamps = GROUPS.map((group) => [0, 1, 2].map((member) => state.flags.get(`${group}.${member}`)?.metadata.updated_at));
  if (stamps.some(([first, ...others]) => others.some((other) => other !== first))) {
    throw new Error(`a part of a change set is shown: ${JSON.stringify(stamps)}`);
  }
  if (json(state.flags) !== json(heard)) throw new Error('what is shown is not what was told of');
}

/** Nothing that was missed is repaired by chance: the server is changed once more only where `touched` says so. */
function play(ops: Op[], filter: Group[] | null, unit: 'set' | 'message', observe: (line: FaultyLine) => void): FaultyLine {
  const line = new FaultyLine(new ServerLog((group) => filter === null || filter.includes(group)), unit, observe);
  for (const op of ops) line.run(op);
  return line;
}

function expectCaughtUp(line: FaultyLine): void {
  line.settle();
  line.run({ op: 'beat' });
  line.settle();
  if (!isCurrent(line.state)) throw new Error(`not live: ${line.state.phase.name}`);
  if (line.state.cursor !== line.server.head) throw new Error(`at ${line.state.cursor}, not at ${line.server.head}`);
  if (json(line.state.flags) !== json(line.server.visible)) throw new Error('not equal to the server');
}

/** After whole messages were lost without a trace: the next change of a flag shows it. */
function changeEachOnceMore(line: FaultyLine): void {
  line.settle();
  for (const group of GROUPS) line.run({ op: 'commit', groups: [group], edit: 'write' });
}

function expectOftenEnough(counts: Map<Hit, number>, hits: readonly Hit[]): void {
  console.log(
    `${RUNS} runs: ${hits.map((hit) => `${hit} in ${(((counts.get(hit) ?? 0) / RUNS) * 100).toFixed(1)} %`).join(', ')}`,
  );
  for (const hit of hits) expect((counts.get(hit) ?? 0) / RUNS).toBeGreaterThanOrEqual(0.05);
}

const counter = () => {
  const counts = new Map<Hit, number>();
  return { counts, add: ({ hits }: FaultyLine) => hits.forEach((hit) => counts.set(hit, (counts.get(hit) ?? 0) + 1)) };
};

describe('A client of the log', () => {
  it('whose connections break anywhere holds at all times the state at its cursor, and ends live and equal to the server', () => {
    const { counts, add } = counter();
    const property = fc.property(schedule(), ({ ops, filter }) => {
      const line = play(ops, filter, 'set', (seen) => {
        expectWholeSets(seen);
        const { cursor, flags } = seen.state;
        if (cursor !== 'none' && json(flags) !== json(seen.server.snapshots.get(cursor) ?? new Map())) {
          throw new Error(`not the state at ${cursor}`);
        }
      });
      expectCaughtUp(line);
      add(line);
    });
    fc.assert(property, PARAMETERS);
    expectOftenEnough(counts, ['break in a set', 'break in a full sync', 'late answer']);
  });

  it('that is sent copies needs no change to be equal to the server', () => {
    const { counts, add } = counter();
    const property = fc.property(schedule(repeats), ({ ops, filter }) => {
      const line = play(ops, filter, 'set', expectWholeSets);
      expectCaughtUp(line);
      add(line);
    });
    fc.assert(property, PARAMETERS);
    expectOftenEnough(counts, ['duplicate', 'break in a set', 'break in a full sync']);
  });

  it('never shows a part of a change set, whatever sets are lost, repeated and reordered, and finds out what it missed', () => {
    const { counts, add } = counter();
    const property = fc.property(schedule(repeats, losses), ({ ops, filter }) => {
      const line = play(ops, filter, 'set', expectWholeSets);
      changeEachOnceMore(line);
      expectCaughtUp(line);
      add(line);
    });
    fc.assert(property, PARAMETERS);
    expectOftenEnough(counts, HITS);
  });

  it('finds out what it missed when single messages are lost, repeated and reordered', () => {
    const { counts, add } = counter();
    const property = fc.property(schedule(repeats, losses), ({ ops, filter }) => {
      const line = play(ops, filter, 'message', () => undefined);
      changeEachOnceMore(line);
      expectCaughtUp(line);
      add(line);
    });
    fc.assert(property, PARAMETERS);
    expectOftenEnough(counts, HITS);
  });
});
