/**
 * Loaded into a server (`node --import`): between one SIGUSR2 and the next it watches how long nobody but one had a turn of the event
 * loop, and then prints that. Of a turn during which the machine was busy with other programs the CPU time counts, which is the
 * process's own, garbage collection included.
 */
import { writeSync } from 'node:fs';
import { performance } from 'node:perf_hooks';
import { clearImmediate, setImmediate } from 'node:timers';

let longest = 0;
let next;

function turn(started, used) {
  const { user, system } = process.cpuUsage(used);
  longest = Math.max(longest, Math.min(performance.now() - started, (user + system) / 1000));
  next = setImmediate(turn, performance.now(), process.cpuUsage());
}

process.on('SIGUSR2', () => {
  if (next === undefined) {
    next = setImmediate(turn, performance.now(), process.cpuUsage());
    writeSync(2, 'watching turns\n');
    return;
  }
  clearImmediate(next);
  writeSync(2, `longest turn: ${longest.toFixed(1)} ms\n`);
  [next, longest] = [undefined, 0];
});
