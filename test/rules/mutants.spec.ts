import { expect, it } from '@jest/globals';
import { execFile } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { projectRoot } from '../support/project-root.js';

const run = promisify(execFile);
const cwd = projectRoot();
const folder = 'test/mutants';
const patches = readdirSync(join(cwd, folder)).filter((name) => name.endsWith('.patch'));

/** What they prove costs too much for every run: that they still can is cheap. */
it.each(patches)('The mutant %s applies to the source as it is', async (patch) => {
  await expect(run('git', ['apply', '--check', join(folder, patch)], { cwd })).resolves.toBeDefined();
});
