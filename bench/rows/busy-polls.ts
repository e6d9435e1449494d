import { setTimeout as sleep } from 'node:timers/promises';
import { productTarget } from '../doors.js';
import { median, quantile, repeat } from '../pairs.js';
import { type Product, startProduct, toggling } from '../product.js';
import { type Program, startProgram } from '../programs.js';
import { connected, faultsOf, type Tally, untilDelivered, warmUp } from '../rounds.js';
import { type Row, type RowOptions } from '../row.js';
import { type Window } from '../window.js';
import { type Arrivals } from './propagation.js';

const CLIENTS = 5000;
const RATE = 500;
const PER_SECOND = 2;
const WINDOW_MS = 12_000;
const FLAG = 'flag';

interface Polled {
  wanted: number;
  statuses: Record<string, number>;
  /** When each was due and when it was answered. */
  polls: [due: number, answered: number][];
}

interface Sides {
  product: Product;
  clients: Program;
  pollers: Program;
  count: number;
  toggle: (flag: string) => Promise<void>;
}

/** Those that were under way while a change was on its way from the first client to the last. */
export function overlapping(polls: Polled['polls'], changes: Arrivals['changes']): Polled['polls'] {
  return polls.filter(([due, answered]) => changes.some(({ first, last }) => due <= last && answered >= first));
}

async function run({ product: { server, key }, clients, pollers, count, toggle }: Sides): Promise<Window> {
  const before = await clients.ask<Tally>({ tally: true });
  await clients.ask({ arrivals: true });
  const path = `/sdk/poll?key=${key}`;
  const tag = (await fetch(server.url + path)).headers.get('etag') ?? '';
  const polling = pollers.ask<Polled>({ poll: { port: server.port, path, tag, rate: RATE, ms: WINDOW_MS } });
  const changes = (WINDOW_MS / 1000 - 2) * PER_SECOND;
  for (let made = 0; made < changes; made += 1) {
    await sleep(1000 / PER_SECOND);
    await toggle(FLAG);
  }
  const after = await untilDelivered(clients, before.deliveries + changes * count);
  const { wanted, statuses, polls } = await polling;
  const arrivals = await clients.ask<Arrivals>({ arrivals: true });
  const ms = (among: Polled['polls']) => among.map(([due, answered]) => (answered - due) / 1000);
  const during = ms(overlapping(polls, arrivals.changes));
  const faults = faultsOf(after, before.deliveries + changes * count);
  const answered = (statuses['200'] ?? 0) + (statuses['304'] ?? 0);
  if (answered !== wanted) faults.push(`${wanted} polls were answered ${JSON.stringify(statuses)}`);
  if (during.length === 0) faults.push('no poll was under way while a change was sent');
  const figure = during.length === 0 ? NaN : quantile(during, 0.99);
  return { figure, faults, parts: { during: during.length, allP50Ms: median(ms(polls)), allP99Ms: quantile(ms(polls), 0.99) } };
}

async function measure(options: RowOptions) {
  const count = options.sized(CLIENTS);
  const product = await startProduct(options.cleanUp);
  await product.server.admin.createFlag(FLAG);
  const toggle = toggling(product);
  await warmUp(() => toggle(FLAG), options);
  const clients = await connected(productTarget('sse', product), count, options);
  const pollers = startProgram('load/pollers.mjs', options.cleanUp);
  const sides = { product, clients, pollers, count, toggle };
  const pairs = await repeat(options.pairs, () => run(sides));
  const part = (name: string) => median(pairs.map(({ product: { parts } }) => parts[name] ?? NaN));
  const note = `${part('during')} polls of a window were under way while a change was sent; of all polls p50 is ${part('allP50Ms').toFixed(1)} ms, p99 ${part('allP99Ms').toFixed(1)} ms`;
  return { pairs, notes: [note] };
}

export const busyPolls: readonly Row[] = [
  {
    name: 'p99 of polls while 5,000 clients are being sent a change',
    groups: ['polling', 'latency'],
    unit: 'ms',
    goal: { mostOfAll: 15 },
    measure,
  },
];
