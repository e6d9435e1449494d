import { existsSync, readFileSync, readdirSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';

function isProjectRoot(folder: string): boolean {
  const manifest = join(folder, 'package.json');
  if (!existsSync(manifest)) return false;
  const parsed: unknown = JSON.parse(readFileSync(manifest, 'utf8'));
  return typeof parsed === 'object' && parsed !== null && 'name' in parsed && parsed.name === 'flagwire';
}

/**
 * The folder of the root package, found upwards from the working directory: these files run as CommonJS under Jest
 * and as ESM in scripts, so neither `__dirname` nor `import.meta` is at hand.
 * @throws Error where the working directory lies outside of the project.
 */
export function projectRoot(): string {
  let folder = process.cwd();
  while (!isProjectRoot(folder)) {
    const parent = dirname(folder);
    if (parent === folder) throw new Error(`no flagwire package at or above ${process.cwd()}`);
    folder = parent;
  }
  return folder;
}

function newestChange(folder: string, ending: string): number {
  if (!existsSync(folder)) return 0;
  const files = readdirSync(folder, { withFileTypes: true, recursive: true });
  const times = files
    .filter((file) => file.isFile() && file.name.endsWith(ending) && !file.name.endsWith(`.spec${ending}`))
    .map((file) => statSync(join(file.parentPath, file.name)).mtimeMs);
  return Math.max(0, ...times);
}

function isStale(folder: string): boolean {
  return newestChange(join(folder, 'src'), '.ts') > newestChange(join(folder, 'dist'), '.js');
}

let warned = false;

/**
 * The built server. Says so once on stderr where the sources are newer than the build: such a run tests old code.
 * @throws Error where nothing was built.
 */
export function builtEntry(root: string = projectRoot()): string {
  const entry = join(root, 'dist', 'main.js');
  if (!existsSync(entry)) throw new Error(`${entry} is missing: run "npm run build" first`);
  const stale = [root, join(root, 'packages', 'protocol')].filter((folder) => !warned && isStale(folder));
  if (stale.length > 0) {
    warned = true;
    process.stderr.write(
      `the build in ${stale.join(' and ')} is older than its source: run "npm run build", or the tests see old code\n`,
    );
  }
  return entry;
}
