import { readFileSync, readdirSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';

/**
 * The mutants of `folder` whose name contains one of `filters` (all, without a filter). A mutant is a patch that puts a defect back:
 *
 *     # test: test/contract/sse.spec.ts     pattern of the test file's path
 *     # name: resumes after a restart       pattern of the test's name
 *     # defect: 7 event ids count per process
 *     # build: yes                          optional: the test starts dist/main.js
 *     # patch: 07-ids-count-per-process     optional: the defect of another mutant, for another test
 *     diff --git a/src/… b/src/…            what `git apply` takes
 *
 * @throws Error if a header is missing.
 */
export function readMutants(folder, filters) {
  return readdirSync(folder)
    .filter((file) => file.endsWith('.patch'))
    .sort()
    .filter((file) => filters.length === 0 || filters.some((filter) => file.includes(filter)))
    .map((file) => readMutant(join(folder, file)));
}

function readMutant(patch) {
  const [head] = readFileSync(patch, 'utf8').split(/^(?=diff |--- )/m);
  const headers = Object.fromEntries([...head.matchAll(/^# (\w+):[ \t]*(.+?)[ \t]*$/gm)].map(([, key, value]) => [key, value]));
  for (const key of ['test', 'name', 'defect']) {
    if (!headers[key]) throw new Error(`${patch}: the header "# ${key}: …" is missing`);
  }
  const { test, name, defect, build, patch: same } = headers;
  const applied = same === undefined ? patch : join(dirname(patch), `${same}.patch`);
  const isOfPackage = /^\+\+\+ b\/packages\//m.test(readFileSync(applied, 'utf8'));
  return { id: basename(patch, '.patch'), patch: applied, isOfPackage, test, name, defect, build: build === 'yes' };
}
