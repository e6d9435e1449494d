import { existsSync } from 'node:fs';
import libsql from 'libsql';
import { MIGRATIONS } from '../migrations.js';
import { BackupError } from './backup-error.js';

/** What an operator tells a back-up by. */
export interface EnvironmentContents {
  readonly project: string;
  readonly environment: string;
  readonly revision: number;
  /** Of the newest change: RFC 3339, to the second. */
  readonly changed: string;
}

const CONTENTS = `
  SELECT p.key AS project, e.key AS environment, h.revision, h.http_date AS changed
  FROM environment_head h JOIN environment e ON e.id = h.environment_id JOIN project p ON p.id = e.project_id
  ORDER BY p.key, e.key`;

/**
 * Looks at a file from its first page to its last.
 * @throws BackupError where it is no database of Flagwire, is damaged, or was made by a newer version.
 */
export function contentsOf(file: string): EnvironmentContents[] {
  if (!existsSync(file)) throw new BackupError(`There is no file ${file}.`);
  const handle = new libsql(file, { readonly: true });
  try {
    handle.pragma('query_only = ON');
    const [row] = handle.prepare('PRAGMA integrity_check').all() as { integrity_check: string }[];
    if (row?.integrity_check !== 'ok')
      throw new BackupError(`${file} is damaged (${row?.integrity_check}): take another back-up.`);
    const unknown = (handle.prepare('SELECT name FROM migrations').all() as { name: string }[]).filter(
      ({ name }) => !isKnown(name),
    );
    if (unknown.length > 0) throw new BackupError(`${file} was made by a newer version of Flagwire: use that one.`);
    return handle.prepare(CONTENTS).all() as EnvironmentContents[];
  } catch (error) {
    if (error instanceof BackupError) throw error;
    throw new BackupError(`${file} is no database of Flagwire, or a damaged one (${(error as Error).message}).`);
  } finally {
    handle.close();
  }
}

function isKnown(name: string): boolean {
  return MIGRATIONS.some((migration) => migration.name === name);
}
