import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Cluster } from './cluster.js';
import { DIRECTED } from './directed.js';
import { INVARIANTS } from './judge.js';
import { type Outcome, play } from './play.js';
import { type Limits } from './record.js';
import { drawSchedule } from './schedule.js';

const MINUTES = 600_000;
const SEEDS = [18, 26];
/** What is promised is held against the clock by `npm run test:faults`, which has the machine for itself. */
const PATIENT: Limits = { convergenceMs: 15_000, answerMs: 15_000, cutMs: 5000 };

describe('three nodes, their database and clients of every transport under schedules of faults', () => {
  const outcomes = new Map<string, Outcome>();
  let cluster: Cluster | undefined;

  beforeAll(async () => {
    cluster = await Cluster.start();
    for (const [name, schedule] of Object.entries(DIRECTED)) outcomes.set(name, await play(cluster, schedule, PATIENT));
    for (const seed of SEEDS) outcomes.set(`seed ${seed}`, await play(cluster, drawSchedule(seed), PATIENT));
  }, MINUTES);
  afterAll(() => cluster?.stop());

  it.each(INVARIANTS)('keep it that %s', (invariant) => {
    const broken = [...outcomes].flatMap(([name, { violations }]) =>
      violations.filter((violation) => violation.invariant === invariant).map(({ what }) => `${name}: ${what}`),
    );
    expect(broken.slice(0, 10)).toEqual([]);
  });

  it('were disturbed, and written to, and listened to', () => {
    for (const { faults, revisions, received, writes } of outcomes.values()) {
      expect([faults.length > 0, revisions > 5, received > 200, (writes['200'] ?? 0) > 5]).toEqual([true, true, true, true]);
    }
  });
});
