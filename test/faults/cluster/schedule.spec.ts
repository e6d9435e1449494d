import { describe, expect, it } from '@jest/globals';
import { CLUSTER_FAULTS, drawSchedule, NODE_FAULTS, STORM_MS } from './schedule.js';

const seeds = Array.from({ length: 1000 }, (_, index) => index + 1);

describe('A schedule of faults', () => {
  it('is the same for the same seed, and another for another', () => {
    expect(drawSchedule(7)).toEqual(drawSchedule(7));
    expect(drawSchedule(7)).not.toEqual(drawSchedule(8));
  });

  it('is over after four seconds, but for every fiftieth', () => {
    const long = seeds.filter((seed) =>
      drawSchedule(seed).faults.some((fault) => 'kind' in fault && fault.at_ms + fault.for_ms > STORM_MS),
    );
    expect(long).toEqual(seeds.filter((seed) => seed % 50 === 0));
  });

  it('has every kind of fault in each place where it can happen, many times in a thousand of them', () => {
    const all = seeds.flatMap((seed) => drawSchedule(seed).faults);
    const names = all.map((fault) => ('kind' in fault ? fault.kind : `${fault.on}: ${fault.fault.kind}`));
    const often = (least: number) => [...new Set(names)].filter((one) => names.filter((name) => name === one).length >= least);
    const ways = ['delay', 'reset', 'half-open', 'refuse', 'black-hole'];
    const ends = [...ways, 'throttle', 'slice', 'truncate', 'reset-inside'];
    const due = [
      ...ends.flatMap((kind) => [`front: ${kind}`, `database: ${kind}`]),
      ...[...ways, 'lose', 'double'].map((kind) => `wake-ups: ${kind}`),
      ...NODE_FAULTS,
      ...CLUSTER_FAULTS.filter((kind) => kind !== 'database-killed'),
    ];
    expect(often(50).sort()).toEqual(due.sort());
    expect(names.filter((name) => name === 'database-killed')).toHaveLength(1000 / 50);
    const longStops = all.filter((fault) => fault.on === 'node' && fault.kind === 'node-stopped' && fault.for_ms === 30_000);
    expect(longStops).toHaveLength(1000 / 50);
  });

  it('does one thing at a time to the process of a node', () => {
    for (const seed of seeds) {
      const struck = drawSchedule(seed).faults.flatMap((fault) =>
        fault.on === 'node' && ['node-killed', 'node-stopped', 'clock-off'].includes(fault.kind) ? [fault.node] : [],
      );
      expect(new Set(struck).size).toBe(struck.length);
    }
  });
});
