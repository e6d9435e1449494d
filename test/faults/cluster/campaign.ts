import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import { Cluster } from './cluster.js';
import { type Outcome, play, sums } from './play.js';
import { type Limits } from './record.js';
import { drawSchedule, FRESH_EVERY } from './schedule.js';

/** What the suite promises for whom nothing disturbs any more. */
export const PROMISED: Limits = { convergenceMs: 5000, answerMs: 5000, cutMs: 1000 };

export interface Campaign {
  readonly seed: number;
  readonly count: number;
  readonly limits?: Limits;
  /** Outcomes are kept here, one a line; a seed that is there is not played again. */
  readonly file?: string;
  readonly print: (line: string) => void;
}

/** Plays the schedules of `count` seeds from `seed` on, on a cluster that stays up and is a fresh one every 25; gives all outcomes. */
export async function campaign({ seed, count, limits = PROMISED, file, print }: Campaign): Promise<Outcome[]> {
  const done = file !== undefined && existsSync(file) ? readOutcomes(file) : new Map<number, Outcome>();
  const seeds = Array.from({ length: count }, (_, index) => seed + index);
  let cluster: Cluster | null = null;
  let played = 0;
  let heard = 0;
  try {
    for (const next of seeds) {
      if (done.has(next)) continue;
      if (played % FRESH_EVERY === 0) {
        await cluster?.stop();
        cluster = await Cluster.start();
        heard = 0;
      }
      played += 1;
      const outcome = await play(cluster as Cluster, drawSchedule(next), limits);
      done.set(next, outcome);
      if (file !== undefined) appendFileSync(file, `${JSON.stringify(outcome)}\n`);
      print(lineOf(outcome));
      for (const { invariant, what } of outcome.violations.slice(0, 10)) print(`  ${invariant}: ${what}`);
      const complaints = cluster?.complaints() ?? [];
      for (const line of complaints.slice(heard)) print(`  a node says: ${line}`);
      heard = complaints.length;
    }
  } finally {
    await cluster?.stop();
  }
  return seeds.flatMap((one) => done.get(one) ?? []);
}

function readOutcomes(file: string): Map<number, Outcome> {
  const lines = readFileSync(file, 'utf8').split('\n').filter(Boolean);
  return new Map(lines.map((line) => JSON.parse(line) as Outcome).map((outcome) => [outcome.seed, outcome]));
}

function lineOf({ seed, faults, received, revisions, slowest, slowestCutMs, violations, tookMs }: Outcome): string {
  const cut = slowestCutMs === null ? '' : `, cut after ${slowestCutMs} ms`;
  const verdict = violations.length === 0 ? 'held' : `${violations.length} VIOLATIONS`;
  const figures = `${revisions} revisions, ${received} messages, slowest ${Math.round(slowest.tookMs ?? Infinity)} ms (${slowest.name})${cut}`;
  return `schedule ${seed}: ${verdict}; ${figures}; ${faults.join(', ')}; took ${(tookMs / 1000).toFixed(1)} s`;
}

/** The figures of docs/reliability.md. */
export function summary(outcomes: readonly Outcome[]): string[] {
  const total = (figure: (outcome: Outcome) => number) => outcomes.reduce((sum, outcome) => sum + figure(outcome), 0);
  const list = (counts: { [name: string]: number }) =>
    Object.entries(counts)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, count]) => `${count} ${name}`)
      .join(', ');
  const slowest = [...outcomes].sort((a, b) => (b.slowest.tookMs ?? Infinity) - (a.slowest.tookMs ?? Infinity))[0];
  const cuts = outcomes.flatMap(({ slowestCutMs }) => slowestCutMs ?? []);
  const faults = outcomes.flatMap((outcome) => outcome.faults);
  return [
    `${outcomes.length} schedules, ${faults.length} faults: ${list(sums(faults.map((fault) => ({ [fault]: 1 }))))}`,
    `${total(({ revisions }) => revisions)} revisions; writes by answer: ${list(sums(outcomes.map(({ writes }) => writes)))}`,
    `${total(({ received }) => received)} messages checked`,
    `${total(({ violations }) => violations.length)} violations`,
    `slowest convergence ${Math.round(slowest?.slowest.tookMs ?? 0)} ms (${slowest?.slowest.name}, schedule ${slowest?.seed})`,
    `keys revoked in ${cuts.length} schedules, the slowest connection was cut after ${Math.max(0, ...cuts)} ms`,
  ];
}
