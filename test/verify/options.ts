import { parseArgs } from 'node:util';
import { databases, type DatabaseKind } from '../support/server.js';

export interface Options {
  databases: readonly DatabaseKind[];
  /** Part of an area's name or a sentence; empty: all. */
  only: string;
  /** Checks whose program is missing are not counted as failed. */
  allowMissing: boolean;
}

export const USAGE = `npm run verify -- [--database sqlite|postgres] [--only <text>] [--allow-missing]

  --database       checks on this database only; default: on both
  --only           checks with this text in their area or sentence
  --allow-missing  a check that needs a program which is not here is left out; default: it fails`;

/** @throws Error where an option is not known. */
export function readOptions(args: string[]): Options {
  const { values } = parseArgs({
    args,
    options: { database: { type: 'string' }, only: { type: 'string' }, 'allow-missing': { type: 'boolean' } },
  });
  const chosen = databases.filter((kind) => values.database === undefined || values.database === kind);
  if (chosen.length === 0) throw new Error(`--database is sqlite or postgres, not ${values.database}`);
  return { databases: chosen, only: values.only ?? '', allowMissing: values['allow-missing'] ?? false };
}
