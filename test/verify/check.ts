import { spawnSync } from 'node:child_process';
import { type DatabaseKind } from '../support/server.js';
import { type Bench } from './bench.js';

/** A program of the machine that a check needs and that may be missing. */
export type Program = 'curl' | 'openssl' | 'npm';

/** Where a check runs: on one database, on each of them (default), or once where no database is in it. */
export type Place = DatabaseKind | 'each' | 'once';

export interface Check {
  /** What is promised, as one reads it in the report. */
  sentence: string;
  on?: Place;
  needs?: Program;
  /** Resolves with what was seen, in figures; throws where the sentence is not true. */
  run(bench: Bench): Promise<string>;
}

export interface Area {
  name: string;
  checks: readonly Check[];
}

/** One line of the report. */
export interface Task {
  area: string;
  check: Check;
  database: DatabaseKind;
}

/** The checks that were asked for, in the order in which they run. */
export function tasksOf(areas: readonly Area[], databases: readonly DatabaseKind[], only: string): Task[] {
  const wanted = only.toLowerCase();
  const [first] = databases;
  return areas.flatMap(({ name: area, checks }) =>
    checks
      .filter(({ sentence }) => `${area}: ${sentence}`.toLowerCase().includes(wanted))
      .flatMap((check) => {
        const { on = 'each' } = check;
        const runsOn = (database: DatabaseKind) => on === 'each' || on === database || (on === 'once' && database === first);
        return databases.filter(runsOn).map((database) => ({ area, check, database }));
      }),
  );
}

export function isHere(program: Program): boolean {
  const option = program === 'openssl' ? 'version' : '--version';
  return spawnSync(program, [option], { stdio: 'ignore' }).status === 0;
}
