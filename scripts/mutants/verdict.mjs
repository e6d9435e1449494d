import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { runJest } from '../run-jest.mjs';

/** Runs the tests whose path and name match, in `folder`. */
export async function runTests(folder, paths, names) {
  const outputFile = join(folder, 'jest-results.json');
  let output = '';
  await runJest([...paths, '-t', names, '--silent'], { cwd: folder, outputFile, onOutput: (chunk) => (output += chunk) });
  const results = existsSync(outputFile) ? JSON.parse(readFileSync(outputFile, 'utf8')) : undefined;
  return { results, output };
}

/** The tests that ran, by `path` and `name` patterns as Jest takes them. */
export function testsOf(results, path, name) {
  const [file, title] = [new RegExp(path, 'i'), new RegExp(name, 'i')];
  return results.testResults
    .filter((suite) => file.test(suite.name))
    .flatMap((suite) => suite.assertionResults)
    .filter((test) => title.test(test.fullName) && ['passed', 'failed'].includes(test.status));
}

/** A mutant is caught by a test that fails, not by a suite that no longer starts. */
export function verdictOf({ results, output }, mutant) {
  if (!results) return survived(`Jest gave no results:\n${lastLines(output)}`);
  const ran = testsOf(results, mutant.test, mutant.name);
  const failed = ran.find((test) => test.status === 'failed');
  // What comes behind the tests may fail too: a secret is also found in what the servers leave behind.
  if (failed) return { caught: true, detail: failed.fullName };
  if (results.numRuntimeErrorTestSuites > 0) return survived(`the suite does not run:\n${lastLines(output)}`);
  return survived(ran.length === 0 ? 'no test matches' : `${ran.length} tests still pass`);
}

export const survived = (detail) => ({ caught: false, detail });

export function lastLines(text) {
  return text.trimEnd().split('\n').slice(-30).join('\n');
}
