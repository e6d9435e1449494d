import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { type Pair, summarize } from './pairs.js';
import { type Measured, type Row } from './row.js';
import { fanOut } from './rows/fan-out.js';
import { notModified } from './rows/not-modified.js';
import { type Result, resultLines } from './table.js';

const ROWS: readonly Row[] = [...fanOut, ...notModified];
const PAIRS = 5;

/**
 * Runs the rows of the groups that are named, all without any; prints one table. Every pair goes to bench/results as JSON.
 * @returns the exit code: 2 where no row is in these groups. A goal that is missed is a figure, not a failure.
 */
export async function main(groups: readonly string[], print: (line: string) => void): Promise<number> {
  const rows = ROWS.filter((row) => groups.length === 0 || groups.some((group) => row.groups.includes(group)));
  if (rows.length === 0) {
    print(`No such group. There are: ${[...new Set(ROWS.flatMap((row) => row.groups))].join(', ')}`);
    return 2;
  }
  const results: Result[] = [];
  const raw: (Pair[] | string)[] = [];
  for (const row of rows) {
    print(`… ${row.name}`);
    const { pairs, notes } = await measured(row);
    results.push({ row, summary: summarize(pairs, 'least' in row.goal), notes });
    raw.push(row.name, pairs);
  }
  for (const line of resultLines(results, machine())) print(line);
  print(`Every pair: ${store(raw)}`);
  return 0;
}

async function measured(row: Row): Promise<Measured> {
  const ends: (() => unknown)[] = [];
  try {
    return await row.measure({ pairs: PAIRS, cleanUp: (end) => ends.unshift(end) });
  } finally {
    for (const end of ends) await end();
  }
}

function machine(): string {
  return `Node ${process.versions.node}, ${cpus().length} cores, ${cpus()[0]?.model ?? 'unknown'}`;
}

function store(raw: readonly unknown[]): string {
  const folder = join(import.meta.dirname, 'results');
  mkdirSync(folder, { recursive: true });
  const now = new Date().toISOString();
  const commit = execFileSync('git', ['rev-parse', 'HEAD'], { encoding: 'utf8' }).trim();
  const file = join(folder, `${now.replaceAll(':', '-')}.json`);
  writeFileSync(file, JSON.stringify({ at: now, commit, machine: machine(), raw }, null, 2));
  return file;
}
