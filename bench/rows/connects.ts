import { cpuBetween, cpuOf } from '../cpu-clock.js';
import { alternate } from '../pairs.js';
import { send, startWithFlags } from '../product.js';
import { type Program, startFloor, startProgram } from '../programs.js';
import { type Row, type RowOptions } from '../row.js';
import { streamedSync } from '../streamed-sync.js';
import { cpuPerUnit, type Window } from '../window.js';

/** How far the sizes of the two sides' syncs may differ: their heads do. */
const MOST_DIFFERENCE = 0.05;

interface Side {
  pid: number;
  port: number;
  path: string;
}

/** So many a second, so many in all. */
interface Visits {
  rate: number;
  count: number;
}

interface Plan extends Visits {
  flags: number;
  /** Those who come before anything is measured: V8 has compiled all of a connect only after some thousands more than of a request. */
  warmUp: Visits;
}

interface Visited {
  visits: number;
  /** Bytes of the smallest and of the largest. */
  least: number;
  most: number;
}

async function run(visitors: Program, { pid, ...target }: Side, { rate, count }: Visits, bytes: number): Promise<Window> {
  const [cpu, from] = [cpuOf(pid), performance.now()];
  const { visits, least, most } = await visitors.ask<Visited>({ visit: { ...target, rate, count } });
  const used = cpuBetween(cpu, cpuOf(pid));
  const isAlike = least === most && Math.abs(most / bytes - 1) < MOST_DIFFERENCE;
  const faults = isAlike ? [] : [`syncs of ${least} to ${most} bytes instead of about ${bytes}`];
  return cpuPerUnit({ units: visits, cpu: used, wallMs: performance.now() - from, faults });
}

async function measure(options: RowOptions, plan: Plan) {
  const product = await startWithFlags(options.cleanUp, options.sized(plan.flags));
  const { server, key } = product;
  const path = `/sdk/stream?key=${key}`;
  const sync = await streamedSync(server.port, path);
  const floor = await startFloor('sync', options.cleanUp);
  await send('POST', floor.url, sync.body);
  const visitors = startProgram('load/visitors.mjs', options.cleanUp);
  const floorSide: Side = { pid: floor.pid, port: floor.port, path: '/' };
  const productSide: Side = { pid: server.pid, port: server.port, path };
  const warmUp = { ...plan.warmUp, count: options.sized(plan.warmUp.count) };
  for (const side of [floorSide, productSide]) await run(visitors, side, warmUp, sync.bytes);
  const pairs = await alternate(
    options.pairs,
    () => run(visitors, floorSide, plan, sync.bytes),
    () => run(visitors, productSide, plan, sync.bytes),
  );
  return { pairs, notes: [`a sync has ${sync.body.length.toLocaleString('en')} bytes`] };
}

export const connects: readonly Row[] = [
  {
    name: 'server CPU per cold client, 10,000 flags, cached snapshot',
    groups: ['connect'],
    unit: 'us',
    goal: { most: 1.5 },
    measure: (options) => measure(options, { flags: 10_000, rate: 100, count: 500, warmUp: { rate: 250, count: 8000 } }),
  },
  {
    name: 'server CPU per SSE connect with key check and sync of 100 flags',
    groups: ['quick', 'connect'],
    unit: 'us',
    goal: { most: 2 },
    measure: (options) => measure(options, { flags: 100, rate: 400, count: 2000, warmUp: { rate: 800, count: 15_000 } }),
  },
];
