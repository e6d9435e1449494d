/**
 * Proves that the tests see the defects that they are named after: `npm run test:mutants [-- part of a name …]`.
 * Each test/mutants/*.patch is applied to a copy of the work tree, where the test that it names has to fail; the same test has to pass
 * in a copy without the patch. Exits with 1 if a mutant survives, does not apply, or its test does not pass without it.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { readMutants } from './mutants/mutant.mjs';
import { lastLines, runTests, survived, testsOf, verdictOf } from './mutants/verdict.mjs';
import { copyWorkTree } from './mutants/work-copy.mjs';

const AT_A_TIME = 2;
const root = join(import.meta.dirname, '..');

async function inCopy(name, work) {
  const copy = await copyWorkTree(root, name);
  try {
    return await work(copy);
  } finally {
    copy.remove();
  }
}

/** Why each mutant's test cannot judge it, by mutant id: it does not pass as things are, or does not exist. */
async function baseline(copy, mutants) {
  if (mutants.some(({ build }) => build)) await copy.build();
  const paths = [...new Set(mutants.map(({ test }) => test))];
  const names = [...new Set(mutants.map(({ name }) => `(${name})`))].join('|');
  const { results, output } = await runTests(copy.folder, paths, names);
  if (!results) throw new Error(`Jest gave no results without any patch:\n${lastLines(output)}`);
  const unfit = new Map();
  for (const { id, test, name } of mutants) {
    const ran = testsOf(results, test, name);
    const failed = ran.find(({ status }) => status === 'failed');
    if (ran.length === 0) unfit.set(id, `no test matches, or its suite does not run:\n${lastLines(output)}`);
    else if (failed) unfit.set(id, `fails without the patch: ${failed.fullName}`);
  }
  return unfit;
}

/** @param built a copy without the patch. */
async function judge(mutant, built) {
  return inCopy(mutant.id, async (copy) => {
    try {
      await copy.apply(mutant.patch);
      if (mutant.build) await (mutant.isOfPackage ? copy.build() : copy.buildServer(built.folder));
    } catch (error) {
      return survived(`the patch does not apply, or does not build: ${error.message}`);
    }
    return verdictOf(await runTests(copy.folder, [mutant.test], mutant.name), mutant);
  });
}

const folder = join(root, 'test/mutants');
const mutants = existsSync(folder) ? readMutants(folder, process.argv.slice(2)) : [];
if (mutants.length === 0) {
  console.error('No mutant matches.');
  process.exit(1);
}

const begun = performance.now();
const waiting = [...mutants];
const tally = { passed: 0, failed: 0 };

await inCopy('baseline', async (built) => {
  const unfit = await baseline(built, mutants);

  async function work() {
    for (let mutant = waiting.shift(); mutant; mutant = waiting.shift()) {
      const { caught, detail } = unfit.has(mutant.id) ? survived(unfit.get(mutant.id)) : await judge(mutant, built);
      tally[caught ? 'passed' : 'failed']++;
      console.log(`${mutant.id}  ${mutant.defect}  ${caught ? 'red ✓' : 'SURVIVED ✗'} (${detail})`);
    }
  }

  await Promise.all(Array.from({ length: AT_A_TIME }, work));
});
console.log(`took ${((performance.now() - begun) / 60_000).toFixed(1)} minutes`);
console.log(`${tally.passed} passed, ${tally.failed} failed`);
process.exitCode = tally.failed > 0 ? 1 : 0;
