import { closeSync, existsSync, openSync, renameSync, rmSync } from 'node:fs';
import libsql from 'libsql';
import { BackupError } from './backup-error.js';
import { contentsOf, type EnvironmentContents } from './contents.js';
import { OWNER_ONLY, sync } from './sqlite-files.js';

/**
 * Writes one whole, consistent file of what is committed, while servers read and write.
 * @param database the SQLite file; @param target must not be there yet.
 * @returns what is in the back-up, read from it.
 * @throws BackupError; `target` is then not there.
 */
export function backUp(database: string, target: string): EnvironmentContents[] {
  if (!existsSync(database)) throw new BackupError(`There is no database ${database}: set DATABASE_URL.`);
  if (existsSync(target)) throw new BackupError(`${target} is there already: name another file.`);
  const unfinished = `${target}.unfinished`;
  try {
    rmSync(unfinished, { force: true });
    closeSync(openSync(unfinished, 'wx', OWNER_ONLY));
    vacuumInto(database, unfinished);
    const contents = contentsOf(unfinished);
    sync(unfinished);
    renameSync(unfinished, target);
    sync(target);
    return contents;
  } catch (error) {
    rmSync(unfinished, { force: true });
    if (error instanceof BackupError) throw error;
    throw new BackupError(`${target} cannot be written: ${(error as Error).message}.`);
  }
}

/** https://www.sqlite.org/lang_vacuum.html: a read transaction, and an empty file that is there is taken. */
function vacuumInto(database: string, target: string): void {
  const handle = new libsql(database, { readonly: true });
  try {
    handle.pragma('busy_timeout = 5000');
    handle.prepare('VACUUM INTO ?').run(target);
  } finally {
    handle.close();
  }
}
