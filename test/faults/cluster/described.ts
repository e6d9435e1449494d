import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Cluster } from './cluster.js';
import { INVARIANTS } from './judge.js';
import { type Outcome, play } from './play.js';
import { type Limits } from './record.js';
import { type Schedule } from './schedule.js';

const MINUTE = 60_000;

/** Tests of one cluster under these schedules, one after the other. */
export function describeCluster(schedules: readonly (readonly [string, Schedule])[], limits: Limits): void {
  describe('three nodes, their database and clients of every transport', () => {
    let cluster: Cluster | undefined;

    beforeAll(async () => {
      // Who reads nothing, or answers no ping, for longer is cut, and has lost nothing then. Heartbeats say meanwhile that a node is there.
      // What nodes remember reaches further than in a campaign, which has enough of what they read again.
      const patient = { FLAGWIRE_STALL_S: '30', FLAGWIRE_PING_S: '15', FLAGWIRE_HEARTBEAT_S: '1.5' };
      cluster = await Cluster.start({ ...patient, FLAGWIRE_RING_REVISIONS: '200' });
    }, 2 * MINUTE);
    afterAll(() => cluster?.stop(), MINUTE);

    describe.each(schedules)('under %s', (name, schedule) => {
      let outcome: Outcome;

      beforeAll(async () => {
        outcome = await play(cluster as Cluster, schedule, limits);
        const { slowest, slowestCutMs } = outcome;
        const times = `${slowest.name} equal after ${slowest.tookMs} of ${limits.convergenceMs} ms, a key cut after ${slowestCutMs} of ${limits.cutMs} ms`;
        process.stdout.write(`${name}: ${times}\n`);
      }, 2 * MINUTE);

      it.each(INVARIANTS)('keep it that %s', (invariant) => {
        const broken = outcome.violations.filter((violation) => violation.invariant === invariant);
        expect(broken.slice(0, 10).map(({ what }) => what)).toEqual([]);
      });

      it('are disturbed, written to and listened to', () => {
        const { faults, revisions, received, writes } = outcome;
        // How much depends on the machine, and a restore takes revisions back.
        expect([faults.length > 0, revisions > 0, received > 100, (writes['200'] ?? 0) > 0]).toEqual([true, true, true, true]);
      });
    });
  });
}
