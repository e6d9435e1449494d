import { type Goal } from './goal.js';
import { type Pair } from './pairs.js';

/** One line of the table: what is measured, against which floor, and how much is wanted. */
export interface Row {
  name: string;
  /** What `npm run bench -- GROUP` runs; without a group every row runs. */
  groups: readonly string[];
  /** Of its figures, such as `us` or `kB`. */
  unit: string;
  goal: Goal;
  /** Where more pairs than so many would say no more. */
  mostPairs?: number;
  measure: (options: RowOptions) => Promise<Measured>;
}

export interface RowOptions {
  /** Pairs of windows that count. */
  pairs: number;
  /** So many clients, flags or changes as the row wants; far fewer in a trial. */
  sized: (count: number) => number;
  /** Ends with the row, whatever happens. */
  cleanUp: (end: () => unknown) => void;
}

export interface Measured {
  pairs: Pair[];
  /** Sentences for below the table. */
  notes: readonly string[];
}
