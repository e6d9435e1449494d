import { type Task } from './check.js';

export type Outcome = 'passed' | 'failed' | 'missing';

const SIGN: Record<Outcome, string> = { passed: '✓', failed: '✗', missing: '-' };

function placeOf({ check, database }: Task): string {
  return check.on === 'once' ? 'once' : database;
}

/** The lines of a run, and at its end the table of counts. */
export class Report {
  readonly #outcomes: { task: Task; outcome: Outcome }[] = [];
  #area = '';

  constructor(private readonly print: (line: string) => void) {}

  /** @param text what was seen, or why it failed. */
  add(task: Task, outcome: Outcome, text: string, ms: number): void {
    if (task.area !== this.#area) this.print(`\n${task.area}`);
    this.#area = task.area;
    this.#outcomes.push({ task, outcome });
    const said = text.trimEnd().replaceAll('\n', '\n      ');
    this.print(`${SIGN[outcome]} ${placeOf(task).padEnd(8)} ${task.check.sentence} — ${said} (${Math.round(ms)} ms)`);
  }

  count(outcome: Outcome): number {
    return this.#outcomes.filter((entry) => entry.outcome === outcome).length;
  }

  /** @param seconds of the whole run. */
  close(seconds: number): void {
    const areas = [...new Set(this.#outcomes.map(({ task }) => task.area))];
    const places = [...new Set(this.#outcomes.map(({ task }) => placeOf(task)))].sort();
    const width = Math.max(...areas.map(({ length }) => length), 0) + 2;
    this.print(`\n${''.padEnd(width)}${places.map((place) => place.padStart(10)).join('')}`);
    for (const area of areas) {
      const cells = places.map((place) => {
        const here = this.#outcomes.filter(({ task }) => task.area === area && placeOf(task) === place);
        const passed = here.filter(({ outcome }) => outcome === 'passed').length;
        return (here.length === 0 ? '' : `${passed}/${here.length}`).padStart(10);
      });
      this.print(`${area.padEnd(width)}${cells.join('')}`);
    }
    const failed = this.#outcomes.filter(({ outcome }) => outcome === 'failed');
    if (failed.length > 0) this.print('\nFailed:');
    for (const { task } of failed) this.print(`  ${placeOf(task).padEnd(8)} ${task.check.sentence}`);
    const missing = this.count('missing');
    this.print(`\n${Math.round(seconds)} s${missing === 0 ? '' : `, ${missing} left out for a missing program`}`);
    this.print(`${this.count('passed')} passed, ${failed.length} failed`);
  }
}
