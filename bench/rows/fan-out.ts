import { setTimeout as sleep } from 'node:timers/promises';
import { cpuBetween, cpuOf } from '../cpu-clock.js';
import { alternate, type Window } from '../pairs.js';
import { Program, send, startFloor, startProduct } from '../programs.js';
import { type Row, type RowOptions } from '../row.js';

const CLIENTS = 1000;
const CHANGES = 60;
const ROUND_MS = 1000;
const DELIVERED_WITHIN_MS = 20_000;

interface Tally {
  deliveries: number;
  bytes: number;
  faults: number;
}

/** A server with its clients, and how a change is made in it. */
interface Side {
  pid: number;
  clients: Program;
  change: (index: number) => Promise<void>;
}

/** @param burst changes that are asked for at once; the pace is ten a second in any case. */
async function run({ pid, clients, change }: Side, burst: number): Promise<Window & { bytes: number }> {
  const before = await clients.ask<Tally>({ tally: true });
  const cpu = cpuOf(pid);
  const from = performance.now();
  const pause = (ROUND_MS * burst) / 10;
  for (let made = 0; made < CHANGES; made += burst) {
    await sleep(Math.max(0, from + (made / burst) * pause - performance.now()));
    await Promise.all(Array.from({ length: burst }, (_, index) => change(made + index)));
  }
  const wanted = before.deliveries + CHANGES * CLIENTS;
  const after = await untilDelivered(clients, wanted);
  const used = cpuBetween(cpu, cpuOf(pid));
  const units = after.deliveries - before.deliveries;
  const faults = [];
  if (after.deliveries !== wanted) faults.push(`${units} deliveries instead of ${CHANGES * CLIENTS}`);
  if (after.faults > 0) faults.push(`${after.faults} gaps, repeats or ended streams`);
  return { units, cpu: used, wallMs: performance.now() - from, faults, bytes: (after.bytes - before.bytes) / units };
}

async function untilDelivered(clients: Program, wanted: number): Promise<Tally> {
  const until = performance.now() + DELIVERED_WITHIN_MS;
  for (;;) {
    const tally = await clients.ask<Tally>({ tally: true });
    if (tally.deliveries >= wanted || performance.now() > until) return tally;
    await sleep(20);
  }
}

async function connected(port: number, path: string, { cleanUp }: RowOptions): Promise<Program> {
  const clients = Program.start('load/stream-clients.mjs', cleanUp);
  await clients.ask({ connect: { port, path, count: CLIENTS } });
  return clients;
}

async function measure(options: RowOptions, productBurst: number) {
  const { server, key } = await startProduct(options.cleanUp);
  const flags = Array.from({ length: productBurst }, (_, index) => `flag-${index}`);
  for (const id of flags) await server.admin.createFlag(id);
  const toggles = new Map<string, boolean>();
  const product: Omit<Side, 'clients'> = {
    pid: server.pid,
    change: (index) => {
      const id = flags[index % flags.length] ?? '';
      const enabled = !(toggles.get(id) ?? false);
      toggles.set(id, enabled);
      const path = `/api/projects/default/flags/${id}/environments/production`;
      return send('PATCH', server.url + path, { status: enabled ? 'enabled' : 'disabled' });
    },
  };
  const writeUs = await costOfWriting(product, productBurst);
  const productSide = { ...product, clients: await connected(server.port, `/sdk/stream?key=${key}`, options) };
  // The floor sends as many bytes as the product's event has: framing apart, which is the same.
  const { bytes } = await run(productSide, productBurst);
  const floor = await startFloor('broadcaster', options.cleanUp);
  const size = Math.round(bytes) - 7;
  const floorSide: Side = {
    pid: floor.pid,
    clients: await connected(floor.port, '/', options),
    change: () => send('POST', `http://127.0.0.1:${floor.port}/change?bytes=${size}`),
  };
  const pairs = await alternate(
    options.pairs,
    () => run(floorSide, 1),
    () => run(productSide, productBurst),
  );
  const note = `An event has ${Math.round(bytes)} bytes with its framing. The admin request, its commit and the reading of the log take ${Math.round(writeUs)} us of each change, which is ${(writeUs / CLIENTS).toFixed(1)} us of a delivery.`;
  return { pairs, notes: [note] };
}

/** What a change costs while nobody listens, in microseconds; warmed up. */
async function costOfWriting({ pid, change }: Omit<Side, 'clients'>, burst: number): Promise<number> {
  const rounds = async () => {
    for (let made = 0; made < 400; made += burst) await Promise.all(Array.from({ length: burst }, (_, index) => change(index)));
  };
  await rounds();
  const before = cpuOf(pid);
  await rounds();
  return cpuBetween(before, cpuOf(pid)).total / 400;
}

export const fanOut: readonly Row[] = [
  {
    name: `CPU per SSE delivery, ${CLIENTS} clients`,
    groups: ['quick', 'fanout'],
    unit: 'delivery',
    goal: { most: 1.25 },
    measure: (options) => measure(options, 1),
  },
  {
    name: 'the same, 10 changes in a burst (floor one by one)',
    groups: ['quick', 'fanout'],
    unit: 'delivery',
    goal: { most: 0.5 },
    measure: (options) => measure(options, 10),
  },
];
