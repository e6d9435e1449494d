import { cpuBetween, cpuOf } from '../cpu-clock.js';
import { alternate } from '../pairs.js';
import { startProduct } from '../product.js';
import { type Program, startFloor, startProgram } from '../programs.js';
import { type Row, type RowOptions } from '../row.js';
import { unitsPerCpuSecond, type Window } from '../window.js';

/** A second: a tenth of what either side can answer. */
const RATE = 6000;
const WINDOW_MS = 6000;

interface Side {
  pid: number;
  port: number;
  path: string;
  tag: string;
}

async function run(pollers: Program, { pid, ...target }: Side, rate: number): Promise<Window> {
  const before = cpuOf(pid);
  const from = performance.now();
  const poll = { ...target, rate, ms: WINDOW_MS };
  const { wanted, statuses } = await pollers.ask<{ wanted: number; statuses: Record<string, number> }>({ poll });
  const cpu = cpuBetween(before, cpuOf(pid));
  const units = statuses['304'] ?? 0;
  const faults = units === wanted ? [] : [`${wanted} polls were answered ${JSON.stringify(statuses)}`];
  return unitsPerCpuSecond({ units, cpu, wallMs: performance.now() - from, faults });
}

async function measure({ pairs, sized, cleanUp }: RowOptions) {
  const { server, key } = await startProduct(cleanUp);
  const path = `/sdk/poll?key=${key}`;
  const first = await fetch(server.url + path);
  await first.text();
  const product = { pid: server.pid, port: server.port, path, tag: first.headers.get('etag') ?? '' };
  const floor = { ...(await startFloor('not-modified', cleanUp)), path: '/', tag: 'W/"floor000.1.floor0"' };
  const pollers = startProgram('load/pollers.mjs', cleanUp);
  const rate = sized(RATE);
  return {
    pairs: await alternate(
      pairs,
      () => run(pollers, { pid: floor.pid, port: floor.port, path: floor.path, tag: floor.tag }, rate),
      () => run(pollers, product, rate),
    ),
    notes: [],
  };
}

export const notModified: readonly Row[] = [
  { name: '304 per CPU-second', groups: ['quick', 'polling'], unit: '/s', goal: { least: 0.9 }, measure },
];
