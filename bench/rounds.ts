import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { cpuBetween, cpuOf } from './cpu-clock.js';
import { type Target } from './doors.js';
import { mustAllow } from './limits.js';
import { type Program, startProgram } from './programs.js';
import { type RowOptions } from './row.js';
import { type Work } from './window.js';

const DELIVERED_WITHIN_MS = 20_000;
/** Requests that a program has answered before it is measured: only then has V8 compiled what they take. */
export const WARM = 5000;

export interface Tally {
  deliveries: number;
  bytes: number;
  faults: number;
}

/** A server with its clients, and how a change is made in it. */
export interface Side {
  pid: number;
  clients: Program;
  /** How many. */
  count: number;
  change: (index: number) => Promise<void>;
}

export interface Pace {
  changes: number;
  perSecond: number;
  /** Changes that are asked for at once; the pace is the same. */
  burst: number;
}

export interface Round extends Work {
  /** Of one delivery, with its framing. */
  bytes: number;
  /** Write calls of the server's process, whatever for. */
  writeCalls: number;
}

/** Changes at a steady pace, until everybody has them all. */
export async function round({ pid, clients, count, change }: Side, { changes, perSecond, burst }: Pace): Promise<Round> {
  const before = await clients.ask<Tally>({ tally: true });
  const [cpu, calls, from] = [cpuOf(pid), writeCallsOf(pid), performance.now()];
  for (let made = 0; made < changes; made += burst) {
    await sleep(Math.max(0, from + (made * 1000) / perSecond - performance.now()));
    await Promise.all(Array.from({ length: burst }, (_, index) => change(made + index)));
  }
  const wanted = before.deliveries + changes * count;
  const after = await untilDelivered(clients, wanted);
  const used = cpuBetween(cpu, cpuOf(pid));
  const writeCalls = writeCallsOf(pid) - calls;
  const units = after.deliveries - before.deliveries;
  const bytes = (after.bytes - before.bytes) / units;
  const faults = faultsOf(after, wanted);
  return { units, cpu: used, wallMs: performance.now() - from, faults, bytes, writeCalls };
}

export function faultsOf({ deliveries, faults }: Tally, wanted: number): string[] {
  return [
    ...(deliveries === wanted ? [] : [`${deliveries} deliveries instead of ${wanted}`]),
    ...(faults === 0 ? [] : [`${faults} gaps, repeats or ended connections`]),
  ];
}

export async function untilDelivered(clients: Program, wanted: number): Promise<Tally> {
  const until = performance.now() + DELIVERED_WITHIN_MS;
  for (;;) {
    const tally = await clients.ask<Tally>({ tally: true });
    if (tally.deliveries >= wanted || performance.now() > until) return tally;
    await sleep(20);
  }
}

/** So many clients in a process of their own, each of which has had its sync. */
export async function connected(target: Target, count: number, { cleanUp }: Pick<RowOptions, 'cleanUp'>): Promise<Program> {
  mustAllow(count);
  const clients = startProgram('load/clients.mjs', cleanUp);
  await clients.ask({ connect: { ...target, count } });
  return clients;
}

/** What a change costs by itself, in microseconds of CPU: at the same pace, with one client. The program is warm. */
export async function costOfChange(
  { pid, change }: Pick<Side, 'pid' | 'change'>,
  target: Target,
  pace: Pace,
  options: Pick<RowOptions, 'cleanUp'>,
): Promise<number> {
  const clients = await connected(target, 1, options);
  const { cpu } = await round({ pid, clients, count: 1, change }, pace);
  await clients.ask({ drop: true });
  return cpu.total / pace.changes;
}

/** Changes that nobody is told of, for either side. */
export async function warmUp(change: Side['change'], { sized }: Pick<RowOptions, 'sized'>, burst = 1): Promise<void> {
  for (let made = 0; made < sized(WARM); made += burst)
    await Promise.all(Array.from({ length: burst }, (_, index) => change(made + index)));
}

function writeCallsOf(pid: number): number {
  return Number(/^syscw: (\d+)$/m.exec(readFileSync(`/proc/${pid}/io`, 'utf8'))?.[1]);
}
