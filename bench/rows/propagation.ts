import { setTimeout as sleep } from 'node:timers/promises';
import { monotonicUs } from '../clock.js';
import { cpuBetween, cpuOf } from '../cpu-clock.js';
import { DOORS, floorTarget, productTarget } from '../doors.js';
import { alternate, median, quantile } from '../pairs.js';
import { send, settingsPath, startProduct } from '../product.js';
import { type Program, startFloor } from '../programs.js';
import { connected, faultsOf, type Tally, untilDelivered, warmUp } from '../rounds.js';
import { type Row, type RowOptions } from '../row.js';
import { loadOf, type Window } from '../window.js';

const FLAG = 'timed';

export interface Arrivals {
  /** Times in microseconds by the monotonic clock; `due` null where the event does not tell. */
  changes: { revision: number; due: number | null; count: number; first: number; last: number }[];
  p50Us: number | null;
  p99Us: number | null;
}

interface Side {
  pid: number;
  clients: Program;
  change: (dueUs: number) => Promise<void>;
}

interface Plan {
  count: number;
  perSecond: number;
  changes: number;
}

/** Open loop: a change is due at its time, whatever became of the one before, and from that time on it is late. */
async function run({ pid, clients, change }: Side, { count, perSecond, changes }: Plan): Promise<Window> {
  const before = await clients.ask<Tally>({ tally: true });
  await clients.ask({ arrivals: true });
  const [cpu, from] = [cpuOf(pid), monotonicUs() + 100_000];
  const requests: Promise<void>[] = [];
  for (let made = 0; made < changes; made += 1) {
    const due = Math.round(from + (made * 1e6) / perSecond);
    await sleep(Math.max(0, (due - monotonicUs()) / 1000));
    requests.push(change(due));
  }
  await Promise.all(requests);
  const after = await untilDelivered(clients, before.deliveries + changes * count);
  const load = loadOf(cpuBetween(cpu, cpuOf(pid)), (monotonicUs() - from) / 1000);
  const arrivals = await clients.ask<Arrivals>({ arrivals: true });
  const lastMs = arrivals.changes.map(({ due, last }) => (due === null ? Infinity : (last - due) / 1000));
  const parts = { p50Ms: median(lastMs), anyP50Ms: (arrivals.p50Us ?? NaN) / 1000, anyP99Ms: (arrivals.p99Us ?? NaN) / 1000 };
  return { figure: quantile(lastMs, 0.99), load, faults: faultsOf(after, before.deliveries + changes * count), parts };
}

async function measure(options: RowOptions, { count: wanted, ...pace }: Plan) {
  const plan = { ...pace, count: options.sized(wanted) };
  const product = await startProduct(options.cleanUp);
  const { server } = product;
  await server.admin.createFlag(FLAG);
  const url = server.url + settingsPath(product, FLAG);
  // The rule makes no difference to anybody; it carries the time to the clients.
  const change: Side['change'] = (due) =>
    send('PATCH', url, { targeting: { if: [{ '==': [{ var: 'due' }, String(due)] }, 'on', 'off'] } });
  await warmUp(change, options);
  const clients = await connected(productTarget('sse', product), plan.count, options);
  const productSide: Side = { pid: server.pid, clients, change };
  const before = await productSide.clients.ask<Tally>({ tally: true });
  await productSide.change(Math.round(monotonicUs()));
  const { bytes, deliveries } = await untilDelivered(productSide.clients, before.deliveries + plan.count);
  const size = Math.round(bytes / deliveries) - DOORS.sse.framing;
  const floor = await startFloor('timed-broadcaster', options.cleanUp);
  const floorChange: Side['change'] = (due) => send('POST', `${floor.url}/change?bytes=${size}&due=${due}`);
  await warmUp(floorChange, options);
  const floorSide: Side = {
    pid: floor.pid,
    clients: await connected(floorTarget('sse', floor), plan.count, options),
    change: floorChange,
  };
  const pairs = await alternate(
    options.pairs,
    () => run(floorSide, plan),
    () => run(productSide, plan),
  );
  const part = (side: 'floor' | 'product', name: string) =>
    median(pairs.map((pair) => pair[side]?.parts[name] ?? NaN)).toFixed(1);
  const told = (side: 'floor' | 'product') =>
    `p50 ${part(side, 'p50Ms')} ms to the last client, ${part(side, 'anyP50Ms')} ms to any, whose p99 is ${part(side, 'anyP99Ms')} ms`;
  return { pairs, notes: [`product: ${told('product')}; floor: ${told('floor')}`] };
}

const row = (count: number, perSecond: number, seconds: number, groups: string[]): Row => ({
  name: `propagation p99 to the last client, ${count.toLocaleString('en')} clients at ${perSecond} changes/s`,
  groups,
  unit: 'ms',
  goal: { most: 1.5 },
  measure: (options) => measure(options, { count, perSecond, changes: perSecond * seconds }),
});

export const propagation: readonly Row[] = [
  row(1000, 10, 10, ['latency']),
  row(5000, 5, 14, ['latency']),
  row(10_000, 2, 18, ['latency']),
];
