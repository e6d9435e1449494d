import { execFileSync } from 'node:child_process';
import { existsSync, lstatSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { postgresBinaries } from './postgres-binaries.js';

/** Followed by the pid of the process that started PostgreSQL, and a random end. */
export const RUN_FOLDER_PREFIX = 'flagwire-pg-';

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

function isStale(name: string): boolean {
  const owner = /^flagwire-pg-(\d+)-/.exec(name)?.[1];
  if (owner === undefined || isAlive(Number(owner))) return false;
  const found = lstatSync(join(tmpdir(), name), { throwIfNoEntry: false });
  return found?.isDirectory() === true && found.uid === userInfo().uid;
}

/** `pg_ctl` makes sure that the process in the pid file is the server of that folder. */
function endServer(dataDir: string): void {
  const { bin, runAs } = postgresBinaries();
  try {
    const args = ['stop', '-D', dataDir, '-m', 'immediate', '-t', '10'];
    execFileSync(join(bin, 'pg_ctl'), args, { stdio: 'ignore', cwd: tmpdir(), ...runAs });
  } catch {
    // It had ended already: the file is what a crash leaves.
  }
}

/** Ends the servers and removes the data of test runs whose process is gone. Returns the folders removed. */
export function removeStalePostgres(): string[] {
  const stale = readdirSync(tmpdir()).filter(isStale);
  for (const name of stale) {
    const folder = join(tmpdir(), name);
    if (existsSync(join(folder, 'data', 'postmaster.pid'))) endServer(join(folder, 'data'));
    rmSync(folder, { recursive: true, force: true });
  }
  return stale;
}
