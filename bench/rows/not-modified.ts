import { cpuBetween, cpuOf } from '../cpu-clock.js';
import { alternate, type Window } from '../pairs.js';
import { Program, startFloor, startProduct } from '../programs.js';
import { type Row, type RowOptions } from '../row.js';

/** A second; far below what either side can answer. */
const RATE = 1500;
const WINDOW_MS = 6000;

interface Polled {
  wanted: number;
  statuses: Record<string, number>;
}

interface Side {
  pid: number;
  port: number;
  path: string;
  tag: string;
}

async function run(pollers: Program, { pid, ...target }: Side): Promise<Window> {
  const before = cpuOf(pid);
  const from = performance.now();
  const { wanted, statuses } = await pollers.ask<Polled>({ poll: { ...target, rate: RATE, ms: WINDOW_MS } });
  const cpu = cpuBetween(before, cpuOf(pid));
  const units = statuses['304'] ?? 0;
  const faults = units === wanted ? [] : [`${wanted} polls were answered ${JSON.stringify(statuses)}`];
  return { units, cpu, wallMs: performance.now() - from, faults };
}

async function measure({ pairs, cleanUp }: RowOptions) {
  const { server, key } = await startProduct(cleanUp);
  const path = `/sdk/poll?key=${key}`;
  const first = await fetch(server.url + path);
  await first.text();
  const product = { pid: server.pid, port: server.port, path, tag: first.headers.get('etag') ?? '' };
  const floor = { ...(await startFloor('not-modified', cleanUp)), path: '/', tag: 'W/"floor000.1.floor0"' };
  const pollers = Program.start('load/pollers.mjs', cleanUp);
  return {
    pairs: await alternate(
      pairs,
      () => run(pollers, floor),
      () => run(pollers, product),
    ),
    notes: [],
  };
}

export const notModified: readonly Row[] = [
  { name: '304 per CPU-second', groups: ['quick', 'polling'], unit: '304', goal: { least: 0.9 }, measure },
];
