import { performance } from 'node:perf_hooks';
import { databases } from '../support/server.js';
import { within } from '../support/wait.js';
import { Bench } from './bench.js';
import { isHere, type Task } from './check.js';
import { type Lab } from './lab.js';
import { type Report } from './report.js';

/** A check that takes longer hangs; most take a second. */
const LONGEST_MS = 240_000;

function reason(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** Runs the checks area by area; inside an area the two databases at the same time, each check by check. */
export async function runAll(tasks: readonly Task[], lab: Lab, report: Report, allowMissing: boolean): Promise<void> {
  for (const area of new Set(tasks.map((task) => task.area))) {
    const lanes = databases.map((database) => tasks.filter((task) => task.area === area && task.database === database));
    await Promise.all(
      lanes.map(async (lane) => {
        for (const task of lane) if (!lab.isClosing) await runTask(task, lab, report, allowMissing);
      }),
    );
  }
}

/** Runs one check and writes its line. Nothing that it started is left behind. */
async function runTask(task: Task, lab: Lab, report: Report, allowMissing: boolean): Promise<void> {
  const { check, database } = task;
  const start = performance.now();
  const done = (outcome: 'passed' | 'failed' | 'missing', text: string): void =>
    report.add(task, outcome, text, performance.now() - start);
  if (check.needs !== undefined && !isHere(check.needs)) {
    return done(allowMissing ? 'missing' : 'failed', `the program ${check.needs} is not here (see --allow-missing)`);
  }
  const bench = new Bench(database, lab);
  lab.benches.add(bench);
  const failures: string[] = [];
  let seen = '';
  try {
    if (check.on !== 'once') await lab.prepare(database);
    seen = await within(check.run(bench), LONGEST_MS, 'the end of the check');
  } catch (error) {
    failures.push(reason(error));
  }
  await bench.close().catch((error: unknown) => failures.push(reason(error)));
  lab.benches.delete(bench);
  const crash = await lab.crash(database).catch(reason);
  if (crash !== null) failures.push(crash);
  if (lab.isClosing) return; // interrupted: that says nothing of the sentence
  if (failures.length === 0) done('passed', seen);
  else done('failed', failures.join('\n'));
}
