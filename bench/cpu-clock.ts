import { readFileSync, readdirSync } from 'node:fs';

/** CPU time of a process, all its threads, and of its workers, in microseconds. */
export interface CpuTime {
  total: number;
  user: number;
  system: number;
}

const TICK_US = 10_000;

/**
 * What a process has used since it began, by the kernel's clocks: the total to the nanosecond (schedstat), user and system apart
 * in ticks of 10 ms (stat), which serve to divide the total. Linux only.
 */
export function cpuOf(pid: number): CpuTime {
  return [pid, ...childrenOf(pid)].map(ownCpuOf).reduce((sum, { total, user, system }) => ({
    total: sum.total + total,
    user: sum.user + user,
    system: sum.system + system,
  }));
}

function childrenOf(pid: number): number[] {
  return readFileSync(`/proc/${pid}/task/${pid}/children`, 'latin1').split(' ').filter(Boolean).map(Number);
}

function ownCpuOf(pid: number): CpuTime {
  const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
  // The name of the program stands in brackets, and may hold spaces.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const user = Number(fields[11]) * TICK_US;
  const system = Number(fields[12]) * TICK_US;
  const threads = readdirSync(`/proc/${pid}/task`);
  const total = threads.reduce((sum, thread) => sum + nanosecondsOf(pid, thread) / 1000, 0);
  return { total, user, system };
}

function nanosecondsOf(pid: number, thread: string): number {
  return Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'latin1').split(' ')[0]);
}

export function cpuBetween(before: CpuTime, after: CpuTime): CpuTime {
  const user = after.user - before.user;
  const system = after.system - before.system;
  const total = after.total - before.total;
  const share = user + system === 0 ? 0 : user / (user + system);
  return { total, user: total * share, system: total * (1 - share) };
}
