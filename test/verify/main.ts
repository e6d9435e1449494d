import { areas } from './areas.js';
import { tasksOf } from './check.js';
import { Lab } from './lab.js';
import { readOptions, USAGE, type Options } from './options.js';
import { Report } from './report.js';
import { runAll } from './runner.js';

/** Of a shell: 128 and the number of SIGINT. */
const INTERRUPTED = 130;

/** Ends what was started when the run is interrupted. What is left of it after that is killed at the exit. */
function endOnSignals(lab: Lab, print: (line: string) => void): void {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => {
      // npm and the terminal may both send one.
      if (lab.isClosing) return;
      print(`\n${signal}: ending what was started`);
      const exit = (): void => process.exit(INTERRUPTED);
      lab.close().then(exit, exit);
    });
  }
}

async function run(options: Options, print: (line: string) => void): Promise<number> {
  const tasks = tasksOf(areas, options.databases, options.only);
  if (tasks.length === 0) {
    print('No check matches.');
    return 1;
  }
  const start = performance.now();
  const lab = new Lab();
  process.setMaxListeners(100); // every server and database under way has one for the exit
  endOnSignals(lab, print);
  const report = new Report(print);
  try {
    await runAll(tasks, lab, report, options.allowMissing);
    if (lab.isClosing) return INTERRUPTED;
  } finally {
    await lab.close();
  }
  report.close((performance.now() - start) / 1000);
  return report.count('failed') > 0 ? 1 : 0;
}

/** The whole program. Gives the exit code: 0 where every check passed. */
export async function main(args: string[], print: (line: string) => void): Promise<number> {
  let options: Options;
  try {
    options = readOptions(args);
  } catch (error) {
    print(`${error instanceof Error ? error.message : String(error)}\n\n${USAGE}`);
    return 2;
  }
  return run(options, print);
}
