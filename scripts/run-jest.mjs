import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const LINGER_MS = 30_000;

/**
 * Runs Jest in `cwd` and gives its exit code; the results go to `outputFile` as JSON.
 * `onOutput` receives what Jest prints, in place of the terminal. A Jest that has written its results and then does not exit
 * within 30 s holds an open handle: it is killed, and that is a failure.
 */
export function runJest(args, { cwd = process.cwd(), outputFile, onOutput }) {
  const jest = join(cwd, 'node_modules/jest/bin/jest.js');
  const child = spawn(process.execPath, [jest, ...args, '--json', `--outputFile=${outputFile}`], {
    cwd,
    stdio: onOutput ? ['ignore', 'pipe', 'pipe'] : 'inherit',
  });
  if (onOutput) {
    child.stdout.on('data', onOutput);
    child.stderr.on('data', onOutput);
  }
  return new Promise((resolve, reject) => {
    let lingering = false;
    let deadline;
    const watch = setInterval(() => {
      if (!existsSync(outputFile)) return;
      clearInterval(watch);
      deadline = setTimeout(() => {
        lingering = true;
        console.error(`Jest did not exit within ${LINGER_MS / 1000} s of its last test: something is still open.`);
        child.kill('SIGKILL');
      }, LINGER_MS);
    }, 500);
    child.once('error', reject);
    child.once('close', (code) => {
      clearInterval(watch);
      clearTimeout(deadline);
      resolve(lingering ? 1 : (code ?? 1));
    });
  });
}

/** Runs these tests alone, in a folder of their own that goes with them; the process exits with Jest's code. */
export async function runSuite(args) {
  const folder = mkdtempSync(join(tmpdir(), 'flagwire-suite-'));
  try {
    process.exitCode = await runJest(args, { outputFile: join(folder, 'results.json') });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
