import { parseArgs } from 'node:util';

export interface Wanted {
  /** Names of groups; none: every row. */
  groups: readonly string[];
  /** Pairs of windows that count. */
  pairs: number;
  /** Measure again what was measured of this commit. */
  isFresh: boolean;
  /** Few clients, few pairs: whether every program does its work. The figures mean nothing, and are not kept. */
  isTrial: boolean;
  /** No measuring: what was measured of this commit goes to docs/performance.md. */
  isWrite: boolean;
}

const PAIRS = 5;
/** Five rows in eight minutes. */
const QUICK_PAIRS = 3;

/** @throws TypeError where an option is not known. */
export function wantedBy(args: readonly string[]): Wanted {
  const boolean = { type: 'boolean', default: false } as const;
  const options = { fresh: boolean, trial: boolean, write: boolean };
  const { values, positionals } = parseArgs({ args: [...args], options, allowPositionals: true });
  const { fresh: isFresh, trial: isTrial, write: isWrite } = values;
  const pairs = isTrial ? 1 : positionals.includes('quick') ? QUICK_PAIRS : PAIRS;
  return { groups: positionals, pairs, isFresh, isTrial, isWrite };
}
