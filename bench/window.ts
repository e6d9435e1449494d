import { type CpuTime } from './cpu-clock.js';

/** One window of measuring one program. */
export interface Window {
  /** What was measured, in the row's unit. */
  figure: number;
  /** What was not as it has to be: lost or repeated deliveries, other answers. */
  faults: readonly string[];
  /** The share of one core that the program used; absent where that says nothing of the figure. */
  load?: number;
  /** What the figure was made of, for whoever reads the raw results. */
  parts: Readonly<Record<string, number>>;
}

/** Work that was done in a window, and the CPU time of the program that did it. */
export interface Work {
  /** Deliveries, answers, connects. */
  units: number;
  cpu: CpuTime;
  wallMs: number;
  faults: readonly string[];
}

/** Microseconds of CPU for one unit. */
export function cpuPerUnit(work: Work): Window {
  return { ...windowOf(work), figure: work.cpu.total / work.units };
}

/** Units for one second of CPU. */
export function unitsPerCpuSecond(work: Work): Window {
  return { ...windowOf(work), figure: (work.units * 1e6) / work.cpu.total };
}

function windowOf({ units, cpu, wallMs, faults }: Work) {
  const parts = { units, wallMs, cpuUs: cpu.total, userUs: cpu.user, systemUs: cpu.system };
  return { faults, load: loadOf(cpu, wallMs), parts };
}

export function loadOf(cpu: CpuTime, wallMs: number): number {
  return cpu.total / 1000 / wallMs;
}
