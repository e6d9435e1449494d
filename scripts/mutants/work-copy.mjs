import { execFile } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, realpathSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';

const exec = promisify(execFile);

/** A copy of the work tree as it stands, changes not committed included, in a folder of its own; `remove` it afterwards. */
export async function copyWorkTree(root, name) {
  const folder = mkdtempSync(join(realpathSync(tmpdir()), `flagwire-mutant-${name}-`));
  for (const file of await sourceFiles(root)) {
    mkdirSync(dirname(join(folder, file)), { recursive: true });
    cpSync(join(root, file), join(folder, file), { verbatimSymlinks: true });
  }
  linkModules(root, folder);
  return {
    folder,
    apply: (patch) => run(folder, 'git', 'apply', '--whitespace=nowarn', patch),
    build: () => run(folder, 'npm', 'run', '--silent', 'build'),
    buildServer: (built) => buildServer(folder, built),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

/**
 * The server alone, on the packages of a copy that is built. Types are not checked: what a mutant does is what counts, and it takes half
 * the time.
 */
function buildServer(folder, built) {
  for (const name of readdirSync(join(folder, 'packages'))) {
    const dist = join('packages', name, 'dist');
    if (existsSync(join(built, dist))) cpSync(join(built, dist), join(folder, dist), { recursive: true });
  }
  return run(folder, join(folder, 'node_modules/.bin/tsc'), '-p', 'tsconfig.build.json', '--noCheck');
}

/** Gives stdout. @throws Error with what the command printed. */
async function run(cwd, command, ...args) {
  try {
    const { stdout } = await exec(command, args, { cwd, maxBuffer: 64 * 1024 * 1024 });
    return stdout;
  } catch (error) {
    throw new Error(`${command} ${args.join(' ')}: ${error.stderr || error.stdout || error.message}`, { cause: error });
  }
}

async function sourceFiles(root) {
  const list = await run(root, 'git', 'ls-files', '-z', '--cached', '--others', '--exclude-standard');
  const files = new Set(list.split('\0').filter(Boolean));
  return [...files].filter((file) => existsSync(join(root, file)));
}

/** Registry packages are shared; our own workspaces have to be the copy's, or a patch of one of them would not be seen. */
function linkModules(root, folder) {
  const modules = join(root, 'node_modules');
  mkdirSync(join(folder, 'node_modules/@flagwire'), { recursive: true });
  for (const entry of readdirSync(modules).filter((entry) => entry !== '@flagwire')) {
    symlinkSync(join(modules, entry), join(folder, 'node_modules', entry));
  }
  for (const workspace of readdirSync(join(folder, 'packages'))) {
    symlinkSync(join(folder, 'packages', workspace), join(folder, 'node_modules/@flagwire', workspace));
  }
}
