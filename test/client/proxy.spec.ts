import { beforeAll, describe, expect, it } from '@jest/globals';
import { type TestServer } from '../support/server.js';
import { useServers } from '../support/use-servers.js';
import { DOORS, type Outcome, playSchedule } from './support/proxy-schedule.js';

/** `npm run test:proxy -- --seed S --count N` sets them. */
const COUNT = Number(process.env['FLAGWIRE_PROXY_COUNT'] ?? 12);
const SEED = Number(process.env['FLAGWIRE_PROXY_SEED'] ?? 1);
/** They wait most of their time. */
const AT_ONCE = 12;
const LIMIT_MS = 300_000 * Math.ceil(COUNT / AT_ONCE);

describe('Clients of every transport, through a network that delays, throttles, slices, resets, truncates and goes dead', () => {
  const start = useServers();
  let server: TestServer;

  beforeAll(async () => {
    const many = String(1_000_000);
    server = await start({ env: { FLAGWIRE_TICKETS_PER_MINUTE: many, FLAGWIRE_MAX_PER_ADDRESS: many } });
  });

  it(
    'end equal to the database, with each revision applied once, in order, and never a part of a change set shown',
    async () => {
      const outcomes: Outcome[] = [];
      const seeds = Array.from({ length: COUNT }, (_, index) => SEED + index);
      const work = async (): Promise<void> => {
        for (let seed = seeds.shift(); seed !== undefined; seed = seeds.shift()) {
          const outcome = await playSchedule(server, `storm-${seed}`, seed).catch((error: unknown) => {
            throw new Error(`schedule ${seed}: ${String(error)}`, { cause: error });
          });
          outcomes.push(outcome);
          if (outcome.faults.length > 0) process.stdout.write(`schedule ${seed}:\n${outcome.faults.slice(0, 20).join('\n')}\n`);
        }
      };
      await Promise.all(Array.from({ length: AT_ONCE }, work));
      report(outcomes);
      expect(outcomes.flatMap(({ seed, faults }) => faults.map((fault) => `${seed}: ${fault}`))).toEqual([]);
      expect(outcomes).toHaveLength(COUNT);
    },
    LIMIT_MS,
  );
});

function report(outcomes: readonly Outcome[]): void {
  const sum = (count: (outcome: Outcome) => number) => outcomes.reduce((total, outcome) => total + count(outcome), 0);
  const all = outcomes.flatMap(({ seed, recoveries }) => recoveries.map(([name, ms]) => ({ seed, name, ms })));
  const lines = DOORS.map(([door, credential]) => {
    const name = `${door} (${credential})`;
    const [slowest] = all.filter((recovery) => recovery.name === name).sort((a, b) => b.ms - a.ms);
    return `  ${name}: the slowest recovery took ${Math.round(slowest?.ms ?? 0)} ms (schedule ${slowest?.seed})`;
  });
  const failures = Object.entries(countOf(outcomes.flatMap(({ codes }) => codes))).map(([code, count]) => `${count} ${code}`);
  process.stdout.write(
    [
      `${outcomes.length} schedules from seed ${SEED}, ${all.length} clients, ${sum(({ kinds }) => kinds.length)} faults:`,
      `  ${Object.entries(countOf(outcomes.flatMap(({ kinds }) => kinds)))
        .map(([kind, count]) => `${count} ${kind}`)
        .join(', ')}`,
      `  ${sum(({ revisions }) => revisions)} revisions, told of ${sum(({ changes }) => changes)} times; connections ended by ${failures.join(', ')}`,
      ...lines,
      '',
    ].join('\n'),
  );
}

function countOf(names: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const name of names) counts[name] = (counts[name] ?? 0) + 1;
  return counts;
}
