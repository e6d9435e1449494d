import { chmodSync, copyFileSync, existsSync, renameSync, rmSync } from 'node:fs';
import { lockSqliteFile } from '../sqlite-lock.js';
import { BackupError } from './backup-error.js';
import { contentsOf, type EnvironmentContents } from './contents.js';
import { OWNER_ONLY, SIDE_FILES, sync } from './sqlite-files.js';

export interface Restored {
  readonly contents: readonly EnvironmentContents[];
  /** Where the database is kept that was there before; null: there was none. */
  readonly kept: string | null;
}

/**
 * Puts a back-up in the place of a database. The marks of its cursors stay: who is where the back-up is goes on from there, and everybody
 * else is told everything (protocol section 1).
 * @param now names what is kept of the database that was there.
 * @throws SqliteInUse while a server has the database; BackupError. The database is then as it was.
 */
export function restore(backup: string, database: string, now: Date): Restored {
  const contents = contentsOf(backup);
  const unlock = lockSqliteFile(database);
  const unfinished = `${database}.unfinished`;
  try {
    copyFileSync(backup, unfinished);
    chmodSync(unfinished, OWNER_ONLY);
    sync(unfinished);
    const kept = keep(database, now);
    // Its newest changes, which are in what is kept: they must not be taken for those of the back-up.
    for (const side of SIDE_FILES) rmSync(database + side, { force: true });
    renameSync(unfinished, database);
    sync(database);
    return { contents, kept };
  } catch (error) {
    throw new BackupError(`${database} cannot be written: ${(error as Error).message}.`);
  } finally {
    rmSync(unfinished, { force: true });
    unlock();
  }
}

/** A copy, with what is not in the file itself yet. */
function keep(database: string, now: Date): string | null {
  if (!existsSync(database)) return null;
  const kept = `${database}.before-${now.toISOString().replaceAll(/[-:]|\.\d+/g, '')}`;
  for (const side of ['', ...SIDE_FILES]) {
    if (!existsSync(database + side)) continue;
    copyFileSync(database + side, kept + side);
    chmodSync(kept + side, OWNER_ONLY);
    sync(kept + side);
  }
  return kept;
}
