import { appendFileSync } from 'node:fs';

/** The environment variable that names the file in which the searches of a run are counted; set by test/reporters/secrets.cjs. */
const TALLY = 'FLAGWIRE_TEST_SEARCHES';

/** What was searched, in characters; a place that could not be reached any more counts 0. */
export interface Searched {
  /** 1, or 0 for what was searched without a server. */
  servers: number;
  /** How many secrets became known since the last search of the same test file. */
  secrets: number;
  /** How many were found where they must not be. */
  found: number;
  /** How long it took. */
  ms: number;
  logs?: number;
  databases?: number;
  metrics?: number;
  traces?: number;
  refusals?: number;
}

/** Counts a search. Outside of a run of Jest, nobody counts. */
export function countSearch(searched: Searched): void {
  const file = process.env[TALLY];
  // One write of a short line is not torn, whoever else appends.
  if (file !== undefined) appendFileSync(file, `${JSON.stringify(searched)}\n`);
}
