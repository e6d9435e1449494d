import { type Pair } from './pairs.js';

/** One line of the table: what is measured, against which floor, and how much of the floor's cost is wanted. */
export interface Row {
  name: string;
  /** What `npm run bench -- GROUP` runs; every row is in `all`. */
  groups: readonly string[];
  unit: string;
  /** The ratio that is wanted: product to floor, `least` where more is better. */
  goal: { most: number } | { least: number };
  measure: (options: RowOptions) => Promise<Measured>;
}

export interface RowOptions {
  /** Pairs of windows that count. */
  pairs: number;
  /** Ends with the row, whatever happens. */
  cleanUp: (end: () => unknown) => void;
}

export interface Measured {
  pairs: Pair[];
  /** Sentences for below the table: figures that are no ratio. */
  notes: readonly string[];
}
