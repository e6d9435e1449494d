import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import libsql from 'libsql';
import { CannotStart } from '../common/errors.js';

/** Another process has the file. */
export class SqliteInUse extends CannotStart {
  override readonly name = 'SqliteInUse';
}

/**
 * One server for one SQLite file. The lock is an open exclusive transaction on `<file>.lock`, which the kernel lets go of
 * however the process ends.
 * @returns what gives the lock back.
 * @throws SqliteInUse where another process holds it.
 */
export function lockSqliteFile(file: string): () => void {
  mkdirSync(dirname(file), { recursive: true });
  const handle = new libsql(`${file}.lock`);
  try {
    handle.pragma('busy_timeout = 0');
    handle.exec('BEGIN EXCLUSIVE');
  } catch (error) {
    handle.close();
    if (!/busy|locked/i.test(String((error as Error).message))) throw error;
    throw new SqliteInUse(
      `${file} is in use by another Flagwire server. Stop that one, or set DATABASE_URL to another file; for several nodes use PostgreSQL.`,
    );
  }
  return () => {
    // The driver's `close` alone leaves the lock until its memory is collected.
    handle.exec('ROLLBACK');
    handle.close();
  };
}
