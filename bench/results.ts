import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { median, type Pair, summarize } from './pairs.js';
import { type Row } from './row.js';
import { type Result } from './table.js';

/** A row that was measured, as it is kept. */
export interface Finished {
  at: string;
  pairs: Pair[];
  notes: readonly string[];
}

/** What was measured of one commit on one machine. */
export interface Stored {
  commit: string;
  machine: string;
  rows: Record<string, Finished>;
}

/** The results of one commit, in a file that is written after each row: so a run that was interrupted goes on where it was. */
export class Results {
  private constructor(
    private readonly file: string,
    readonly stored: Stored,
  ) {}

  /**
   * Goes on with what the file holds; begins anew where it is of another machine, or `isFresh`, or where the commit is none:
   * with changes that are not committed nobody knows what was measured.
   */
  static open(file: string, { commit, machine, isFresh }: { commit: string; machine: string; isFresh: boolean }): Results {
    const empty: Stored = { commit, machine, rows: {} };
    if (isFresh || commit.endsWith('-dirty') || !existsSync(file)) return new Results(file, empty);
    const stored = JSON.parse(readFileSync(file, 'utf8')) as Stored;
    return new Results(file, stored.machine === machine ? stored : empty);
  }

  /** Whether the row was measured with so many pairs, and the figures say something. */
  has(row: Row, pairs: number): boolean {
    const { summary } = this.resultOf(row);
    const measured = this.stored.rows[row.name]?.pairs.length ?? 0;
    return summary !== null && !summary.isOpen && measured >= pairsOf(row, pairs);
  }

  keep(row: Row, finished: Finished): void {
    this.stored.rows[row.name] = finished;
    mkdirSync(dirname(this.file), { recursive: true });
    writeFileSync(`${this.file}.new`, JSON.stringify(this.stored, null, 2));
    renameSync(`${this.file}.new`, this.file);
  }

  resultOf(row: Row): Result {
    const finished = this.stored.rows[row.name];
    if (finished === undefined) return { row, summary: null, notes: [] };
    return { row, summary: summarize(finished.pairs, row.goal), notes: [...finished.notes, ...userNotes(finished.pairs)] };
  }
}

/** How many pairs are measured of a row where so many are wanted of each. */
export function pairsOf({ mostPairs = Infinity }: Row, wanted: number): number {
  return Math.min(wanted, mostPairs);
}

/** User time is what our code has in its hands; system time is mostly the kernel's writing to sockets. */
function userNotes(pairs: readonly Pair[]): string[] {
  const share = (side: 'floor' | 'product') => {
    const shares = pairs.flatMap((pair) => {
      const { userUs, cpuUs } = pair[side]?.parts ?? {};
      return userUs === undefined || cpuUs === undefined ? [] : [userUs / cpuUs];
    });
    return shares.length === 0 ? null : `${Math.round(median(shares) * 100)} %`;
  };
  const [product, floor] = [share('product'), share('floor')];
  return product === null || floor === null ? [] : [`user time is ${product} of the product’s CPU, ${floor} of the floor’s`];
}
