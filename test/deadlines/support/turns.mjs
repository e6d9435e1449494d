/**
 * Loaded into a server (`node --import`): between one SIGUSR2 and the next it watches how long nobody but one had a turn of the event
 * loop, and then prints that. Of a turn during which the machine was busy with other programs the CPU time counts, which is the
 * process's own, garbage collection included.
 */
import { writeSync } from 'node:fs';
import { performance } from 'node:perf_hooks';
import { clearImmediate, setImmediate } from 'node:timers';

let longest = 0;
let started;
let used;
let next;

function begin() {
  [started, used] = [performance.now(), process.cpuUsage()];
  next = setImmediate(turn);
}

function end() {
  const { user, system } = process.cpuUsage(used);
  longest = Math.max(longest, Math.min(performance.now() - started, (user + system) / 1000));
}

function turn() {
  end();
  begin();
}

process.on('SIGUSR2', () => {
  if (next === undefined) {
    begin();
    writeSync(2, 'watching turns\n');
    return;
  }
  // The signal may come within the turn in which the answer was given: it counts as far as it has come.
  end();
  clearImmediate(next);
  writeSync(2, `longest turn: ${longest.toFixed(1)} ms\n`);
  [next, longest] = [undefined, 0];
});
