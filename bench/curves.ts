import { type Chart, type Line } from './chart.js';
import { changeCost, type Cost, cpuOfDelivery, deliveryCost } from './costs.js';
import { floorTarget } from './doors.js';
import { median } from './pairs.js';
import { send } from './product.js';
import { startFloor } from './programs.js';
import { connected, costOfChange, round, warmUp } from './rounds.js';
import { type RowOptions } from './row.js';

export interface Curve {
  /** Of the file, without its ending. */
  name: string;
  measure: (options: RowOptions) => Promise<Chart>;
}

/** Deliveries a second, of all clients together: the same load at every size. */
const PER_SECOND = 10_000;
const CHANGES = 20;
/** Bytes of the floor's event, as a change of a status has them. */
const EVENT_BYTES = 210;

const paceFor = (clients: number) => ({ changes: CHANGES, perSecond: PER_SECOND / clients, burst: 1 });

/** Each point has programs of its own, which end with it; the first window is for warming up. */
async function line(
  name: string,
  sizes: readonly number[],
  options: RowOptions,
  cost: (size: number, options: RowOptions) => Promise<Cost>,
) {
  const points: [number, number][] = [];
  for (const size of sizes) {
    const ends: (() => unknown)[] = [];
    try {
      const measure = await cost(size, { ...options, cleanUp: (end) => ends.unshift(end) });
      await measure();
      const windows = [];
      for (let done = 0; done < options.pairs; done += 1) windows.push(await measure());
      const fault = windows.flatMap(({ faults }) => faults)[0];
      if (fault !== undefined) throw new Error(`void: ${fault}`);
      points.push([size, median(windows.map(({ figure }) => figure))]);
    } finally {
      for (const end of ends) await end();
    }
  }
  return { name, points } satisfies Line;
}

async function floorCost(count: number, options: RowOptions): Promise<Cost> {
  const floor = await startFloor('broadcaster', options.cleanUp);
  const change = () => send('POST', `${floor.url}/change?bytes=${EVENT_BYTES}`);
  await warmUp(change, options);
  const [target, pace, { pid }] = [floorTarget('sse', floor), paceFor(count), floor];
  const aloneUs = await costOfChange({ pid, change }, target, pace, options);
  const clients = await connected(target, count, options);
  return async () => cpuOfDelivery(await round({ pid, clients, count, change }, pace), pace, aloneUs);
}

/** How the cost of one thing grows with the number of another. */
export const CURVES: readonly Curve[] = [
  {
    name: 'connections',
    measure: async (options) => {
      const sizes = [1000, 5000, 10_000].map(options.sized);
      const product = await line('Flagwire', sizes, options, (size, own) => deliveryCost(own, size, paceFor(size)));
      const floor = await line('bare node:http', sizes, options, floorCost);
      const title = 'CPU of one SSE delivery, without what the change costs by itself';
      return { title, xName: 'connections', yName: 'us', lines: [product, floor] };
    },
  },
  {
    name: 'flags',
    measure: async (options) => {
      const sizes = [100, 1000, 10_000].map(options.sized);
      const product = await line('Flagwire', sizes, options, (size, own) => changeCost(own, size));
      return {
        title: 'CPU of one change, from its request to its delivery to one client',
        xName: 'flags',
        yName: 'us',
        lines: [product],
      };
    },
  },
  {
    name: 'filters',
    measure: async (options) => {
      const clients = options.sized(1000);
      const sizes = [1, 10, 100].filter((size) => size <= clients);
      const cost = (size: number, own: RowOptions) => deliveryCost(own, clients, paceFor(clients), size);
      const product = await line('Flagwire', sizes, options, cost);
      return { title: 'CPU of one SSE delivery, 1,000 connections', xName: 'distinct filters', yName: 'us', lines: [product] };
    },
  },
];
