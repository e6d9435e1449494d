import { expect, it } from '@jest/globals';
import { execFile } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { projectRoot } from '../support/project-root.js';

const run = promisify(execFile);
const cwd = projectRoot();
const folder = 'test/mutants';
const patches = readdirSync(join(cwd, folder)).filter((name) => name.endsWith('.patch'));

/** The defect of another mutant, where it names one. */
function appliedBy(patch: string): string {
  const same = /^# patch: *(\S+)$/m.exec(readFileSync(join(cwd, folder, patch), 'utf8'))?.[1];
  return join(folder, same === undefined ? patch : `${same}.patch`);
}

/** What they prove costs too much for every run: that they still can is cheap. */
it.each(patches)('The mutant %s applies to the source as it is', async (patch) => {
  await expect(run('git', ['apply', '--check', appliedBy(patch)], { cwd })).resolves.toBeDefined();
});
