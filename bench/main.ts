import { execFileSync, spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { type Wanted, wantedBy } from './arguments.js';
import { chartSvg } from './chart.js';
import { CURVES } from './curves.js';
import { withMeasured } from './page.js';
import { pairsOf, Results } from './results.js';
import { type Row, type RowOptions } from './row.js';
import { bulkEvaluation } from './rows/bulk-evaluation.js';
import { busyPolls } from './rows/busy-polls.js';
import { commits } from './rows/commits.js';
import { connects } from './rows/connects.js';
import { fanOut } from './rows/fan-out.js';
import { growth } from './rows/growth.js';
import { memory } from './rows/memory.js';
import { notModified } from './rows/not-modified.js';
import { propagation } from './rows/propagation.js';
import { reconnect } from './rows/reconnect.js';
import { workers } from './rows/workers.js';
import { resultLines } from './table.js';

const ROWS: readonly Row[] = [
  ...fanOut,
  ...propagation,
  ...growth,
  ...notModified,
  ...busyPolls,
  ...connects,
  ...reconnect,
  ...memory,
  ...commits,
  ...bulkEvaluation,
  ...workers,
];

const ROOT = join(import.meta.dirname, '..');
const PAGE = join(ROOT, 'docs', 'performance.md');
/** Beside the page: the raw results that it shows, and the curves. */
const FOLDER = join(ROOT, 'docs', 'performance');
/** No row begins later: it takes five minutes at most, and all of them 45. */
const LAST_BEGIN_MS = 40 * 60_000;
const TRIAL_SHARE = 0.02;

type Print = (line: string) => void;

/**
 * Runs the rows of the groups that are named, all without any, but those that were measured of this commit; prints one table.
 * @returns the exit code: 2 where no row is in these groups. A goal that is missed is a figure, not a failure.
 */
export async function main(args: readonly string[], print: Print): Promise<number> {
  const wanted = wantedBy(args);
  const { groups, isTrial, isFresh, isWrite } = wanted;
  const rows = ROWS.filter((row) => groups.length === 0 || groups.some((group) => row.groups.includes(group)));
  if (rows.length === 0) {
    print(`No such group. There are: ${[...new Set(ROWS.flatMap((row) => row.groups))].join(', ')}`);
    return 2;
  }
  const commit = commitNow();
  const file = join(import.meta.dirname, 'results', `${commit}${isTrial ? '-trial' : ''}.json`);
  const results = Results.open(file, { commit, machine: machine(), isFresh: isFresh || isTrial });
  if (isWrite) return write(file, results, print);
  for (const row of rows) {
    if (performance.now() > LAST_BEGIN_MS) print(`- ${row.name}: not begun, run again to go on`);
    else await measure(row, results, wanted, print);
  }
  if (groups.includes('growth')) await drawCurves(wanted, print);
  print('');
  if (isTrial) print('A trial: the figures mean nothing.');
  for (const line of [machine(), '', ...resultLines(rows.map((row) => results.resultOf(row)))]) print(line);
  print(`Every pair: ${file}`);
  return 0;
}

/** A row that breaks is not measured; the others are. */
async function measure(row: Row, results: Results, wanted: Wanted, print: Print): Promise<void> {
  const pairs = pairsOf(row, wanted.pairs);
  if (results.has(row, pairs)) return print(`= ${row.name}: measured before`);
  const from = performance.now();
  try {
    const measured = await withEnds(wanted, pairs, (options) => row.measure(options));
    results.keep(row, { at: new Date().toISOString(), ...measured });
    print(`… ${row.name}: ${results.resultOf(row).summary?.verdict} (${seconds(from)} s)`);
  } catch (error) {
    print(`! ${row.name}: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
  }
}

async function withEnds<T>({ isTrial }: Wanted, pairs: number, work: (options: RowOptions) => Promise<T>): Promise<T> {
  const ends: (() => unknown)[] = [];
  const sized = (count: number) => (isTrial ? Math.max(20, Math.round(count * TRIAL_SHARE)) : count);
  try {
    return await work({ pairs, sized, cleanUp: (end) => ends.unshift(end) });
  } finally {
    for (const end of ends) await end();
  }
}

/** Curves are drawn anew each time: into the documents, or beside the results in a trial. */
async function drawCurves(wanted: Wanted, print: Print): Promise<void> {
  const folder = wanted.isTrial ? join(import.meta.dirname, 'results') : FOLDER;
  mkdirSync(folder, { recursive: true });
  for (const { name, measure: draw } of CURVES) {
    const from = performance.now();
    try {
      const file = join(folder, `${name}.svg`);
      writeFileSync(file, chartSvg(await withEnds(wanted, Math.min(3, wanted.pairs), draw)));
      print(`… ${file} (${seconds(from)} s)`);
    } catch (error) {
      print(`! the curve of ${name}: ${String(error)}`);
    }
  }
}

/** The page shows every row, also those that were not measured. */
function write(file: string, results: Results, print: Print): number {
  const { commit, machine: on, rows } = results.stored;
  if (Object.keys(rows).length === 0) {
    print(`Nothing was measured of ${commit} on this machine: run npm run bench first`);
    return 2;
  }
  const lines = resultLines(ROWS.map((row) => results.resultOf(row)));
  const [date = ''] = Object.values(rows)
    .map(({ at }) => at.slice(0, 10))
    .sort()
    .reverse();
  writeFileSync(PAGE, withMeasured(readFileSync(PAGE, 'utf8'), [`Commit ${commit}, ${date}, ${on}.`, '', ...lines]));
  mkdirSync(FOLDER, { recursive: true });
  copyFileSync(file, join(FOLDER, 'results.json'));
  print(`Written: ${PAGE}, and the raw results beside it`);
  return 0;
}

const seconds = (from: number) => Math.round((performance.now() - from) / 1000);

function machine(): string {
  return `Node ${process.versions.node}, ${cpus().length} cores, ${cpus()[0]?.model ?? 'unknown'}`;
}

/** With `-dirty` where something is not committed that is measured, or measures. */
function commitNow(): string {
  const commit = execFileSync('git', ['rev-parse', '--short=12', 'HEAD'], { encoding: 'utf8' }).trim();
  const { status } = spawnSync('git', ['diff', '--quiet', 'HEAD', '--', '.', ':!docs']);
  return status === 0 ? commit : `${commit}-dirty`;
}
