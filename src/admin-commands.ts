import { type Command } from 'commander';
import { CannotStart } from './common/errors.js';
import { redact } from './common/redact.js';
import { readSqliteFile } from './config/config.js';
import { BackupError } from './database/backup/backup-error.js';
import { type EnvironmentContents } from './database/backup/contents.js';

/** As of the other commands: docs/cli.md. */
const REFUSED = 3;

/** Adds the commands that work on the server's own database, where it lies. They load what they need when they run. */
export function addAdminCommands(program: Command): void {
  const admin = program.command('admin').description('Works on the database of this machine, which DATABASE_URL names.');
  admin
    .command('backup')
    .description('Writes a back-up of the SQLite file; the server may go on.')
    .argument('<file>', 'where to; it must not be there yet')
    .action((file: string) => reporting(backup, file));
  admin
    .command('restore')
    .description('Puts a back-up in the place of the SQLite file; the server must be stopped.')
    .argument('<file>', 'a back-up')
    .action((file: string) => reporting(restore, file));
}

async function backup(database: string, file: string): Promise<string[]> {
  const { backUp } = await import('./database/backup/back-up.js');
  return [`Backed up to ${file}:`, ...linesOf(backUp(database, file))];
}

async function restore(database: string, file: string): Promise<string[]> {
  const { restore } = await import('./database/backup/restore.js');
  const { contents, kept } = restore(file, database, new Date());
  return [
    `Restored from ${file}:`,
    ...linesOf(contents),
    ...(kept === null ? [] : [`What was there before is kept in ${kept}.`]),
    'Keys and tokens are those of the back-up: what was revoked since then works again. Revoke it again.',
  ];
}

function linesOf(contents: readonly EnvironmentContents[]): string[] {
  return contents.map(
    ({ project, environment, revision, changed }) => `  ${project}/${environment}: revision ${revision}, of ${changed}`,
  );
}

/** @throws BackupError on PostgreSQL, which has tools of its own for that. */
function sqliteFile(): string {
  const file = readSqliteFile();
  if (file !== null) return file;
  throw new BackupError(
    'DATABASE_URL names a PostgreSQL: use pg_dump and pg_restore, as docs/operations.md says under "Backups".',
  );
}

async function reporting(work: (database: string, file: string) => Promise<string[]>, file: string): Promise<void> {
  try {
    process.stdout.write(`${(await work(sqliteFile(), file)).join('\n')}\n`);
  } catch (error) {
    if (!(error instanceof BackupError || error instanceof CannotStart)) throw error;
    process.stderr.write(`${redact(error.message)}\n`);
    process.exitCode = REFUSED;
  }
}
