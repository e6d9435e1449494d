import { describe, expect, it } from '@jest/globals';
import { type Pupil, Truth } from './truth.js';

const LIMITS = { convergenceMs: 200, answerMs: 200, cutMs: 200 };
const at = (revision: number) => `k3x9q0ab.${revision}.aaaaaa`;

/** A database whose head is at the first of these revisions until it was read so often, and then at the next. */
function database(...heads: readonly (readonly [revision: number, reads: number])[]) {
  const answers = heads.flatMap(([revision, reads]) => Array.from({ length: reads }, () => revision));
  const read = () => {
    const revision = answers.length > 1 ? answers.shift() : answers[0];
    return Promise.resolve({ log: { origin: at(0), rows: [] }, stored: { cursor: at(revision ?? 0), flags: new Map() } });
  };
  return new Truth({ read }, 'project', 'production', LIMITS, 800);
}

/** Somebody without flags, who has one revision until so many milliseconds have passed, and then the next. */
function pupil(name: string, first: number, afterMs = Infinity, second = first): Pupil {
  const begun = performance.now();
  return {
    where: { name, flags: undefined },
    flags: new Map(),
    get cursor() {
      return at(performance.now() < begun + afterMs ? first : second);
    },
  };
}

const names = (arrivals: readonly { name: string; tookMs: number | null }[]) =>
  arrivals.map(({ name, tookMs }) => `${name}: ${tookMs === null ? 'never' : 'in time'}`);

describe('Who has what the database has', () => {
  it('is whoever is there, and whoever comes', async () => {
    const arrivals = await database([3, 1]).reachedBy([pupil('a', 3), pupil('b', 2, 100, 3)], performance.now());
    expect(names(arrivals)).toEqual(['a: in time', 'b: in time']);
    expect(arrivals[1]?.tookMs).toBeGreaterThan(90);
  });

  it('is nobody who stays behind', async () => {
    expect(names(await database([3, 1]).reachedBy([pupil('a', 3), pupil('b', 2)], performance.now()))).toEqual([
      'a: in time',
      'b: never',
    ]);
  });

  it('is asked anew where a write came late, when some were there already', async () => {
    const early = pupil('early', 3, 100, 4);
    const late = pupil('late', 2, 50, 4);
    expect(names(await database([3, 1], [4, 1]).reachedBy([early, late], performance.now()))).toEqual([
      'early: in time',
      'late: in time',
    ]);
  });

  it('is asked anew where a write came when all were there', async () => {
    const arrivals = await database([3, 1], [4, 1]).reachedBy([pupil('a', 3, 50, 4)], performance.now());
    expect(names(arrivals)).toEqual(['a: in time']);
    expect(names(await database([3, 1], [4, 1]).reachedBy([pupil('b', 3)], performance.now()))).toEqual(['b: never']);
  });
});
