/**
 * Runs every test: first all that may share the machine, then test/deadlines alone and one by one. Arguments go to Jest.
 * Ends with one line for both runs, `N passed, N failed, N skipped`, and exits with 1 if anything failed.
 */
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { closingLine, countsOf } from '../test/reporters/counts.cjs';
import { runJest } from './run-jest.mjs';

const RUNS = { main: [], deadlines: ['--runInBand'] };

const folder = mkdtempSync(join(tmpdir(), 'flagwire-test-'));
const total = { passed: 0, failed: 0, skipped: 0 };
try {
  for (const [project, flags] of Object.entries(RUNS)) {
    const outputFile = join(folder, `${project}.json`);
    const args = [...process.argv.slice(2), ...flags, '--passWithNoTests', `--selectProjects=${project}`];
    const code = await runJest(args, { outputFile });
    const counts = readCounts(outputFile);
    // Jest found a fault that is in no test: its own configuration, the global setup, an open handle at the end.
    if (code !== 0 && counts.failed === 0) counts.failed = 1;
    for (const key of Object.keys(total)) total[key] += counts[key];
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}

/** Jest writes no file when no test matched. */
function readCounts(file) {
  return existsSync(file) ? countsOf(JSON.parse(readFileSync(file, 'utf8'))) : { passed: 0, failed: 0, skipped: 0 };
}

if (total.passed + total.failed + total.skipped === 0) {
  console.error('No test matches.');
  process.exitCode = 1;
}
if (total.failed > 0) process.exitCode = 1;
console.log(closingLine(total));
