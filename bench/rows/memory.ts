import { setTimeout as sleep } from 'node:timers/promises';
import { metric } from '../../test/e2e/support/metrics.js';
import { type TestServer } from '../../test/support/server.js';
import { floorTarget, productTarget, type Target } from '../doors.js';
import { COLLECTABLE, collected, type Memory, residentOf } from '../memory.js';
import { inTurn, median, type Pair } from '../pairs.js';
import { send, settingsPath, startProduct } from '../product.js';
import { startFloor } from '../programs.js';
import { connected, faultsOf, type Tally, untilDelivered } from '../rounds.js';
import { type Row, type RowOptions } from '../row.js';
import { type Window } from '../window.js';

const IDLE = 5000;
/** Connects that count for nothing: what a program loads with the first of them is no part of a connection. */
const FIRST = 200;

/** Every window has a program of its own: one that had as many connections before has their memory still. */
async function withEnds(window: (cleanUp: RowOptions['cleanUp']) => Promise<Window>): Promise<Window> {
  const ends: (() => unknown)[] = [];
  try {
    return await window((end) => ends.unshift(end));
  } finally {
    for (const end of ends) await end();
  }
}

async function idleWindow(pid: number, target: Target, count: number, cleanUp: RowOptions['cleanUp']): Promise<Window> {
  const clients = await connected(target, FIRST, { cleanUp });
  const before = await collected(pid);
  await clients.ask({ connect: { ...target, count } });
  await sleep(1000);
  const after = await collected(pid);
  const { faults } = await clients.ask<Tally>({ tally: true });
  const kB = (of: keyof Memory) => (after[of] - before[of]) / count / 1024;
  return { figure: kB('resident'), faults: faults === 0 ? [] : [`${faults} ended connections`], parts: { usedKB: kB('used') } };
}

async function measureIdle(options: RowOptions) {
  const count = options.sized(IDLE);
  const pairs = await inTurn(
    options.pairs,
    () =>
      withEnds(async (cleanUp) => {
        const floor = await startFloor('broadcaster', cleanUp, COLLECTABLE);
        return idleWindow(floor.pid, floorTarget('sse', floor), count, cleanUp);
      }),
    () =>
      withEnds(async (cleanUp) => {
        const product = await startProduct(cleanUp, { nodeArgs: COLLECTABLE });
        await product.server.admin.createFlag('flag');
        return idleWindow(product.server.pid, productTarget('sse', product), count, cleanUp);
      }),
  );
  const used = (side: 'floor' | 'product') => median(pairs.map((pair) => pair[side]?.parts['usedKB'] ?? NaN)).toFixed(1);
  const note = `resident memory after a collection; of it ${used('product')} kB are in use by JavaScript and buffers, of the floor's ${used('floor')} kB`;
  return { pairs, notes: [note] };
}

const DEAF = 100;
const CHANGES = 150;
const PER_SECOND = 10;
/** More than the kernel takes for a client that does not read, in all. */
const BYTES = 48 * 1024;

/** Large changes at a steady pace. @returns the most memory that the server has meanwhile. */
async function mostWhileChanging({ server, url }: { server: TestServer; url: string }): Promise<number> {
  let most = 0;
  for (let made = 0; made < CHANGES; made += 1) {
    await send('PATCH', url, { default_variant: made % 2 === 0 ? 'on' : 'off' });
    most = Math.max(most, residentOf(server.pid));
    await sleep(1000 / PER_SECOND);
  }
  return most;
}

/** Beyond what the server has once as many clients have read as much: what changes take by themselves is no client's. */
async function deafWindow(count: number, cleanUp: RowOptions['cleanUp']): Promise<Window> {
  const product = await startProduct(cleanUp, { nodeArgs: COLLECTABLE });
  const { server } = product;
  const variants = { on: { text: 'x'.repeat(BYTES) }, off: { text: '' } };
  await server.admin.createFlag('large', { value_type: 'object', variants });
  const changing = { server, url: server.url + settingsPath(product, 'large') };
  const target = productTarget('sse', product);
  const clients = await connected(target, count, { cleanUp });
  await mostWhileChanging(changing);
  const faults = faultsOf(await untilDelivered(clients, CHANGES * count), CHANGES * count);
  await clients.ask({ drop: true });
  const before = await collected(server.pid);
  await clients.ask({ connect: { ...target, count, isDeaf: true } });
  const most = await mostWhileChanging(changing);
  const open = await metric(server, 'flagwire_connections');
  if (open !== count) faults.push(`${open} of ${count} connections were left`);
  return { figure: (most - before.resident) / count / 1024 / 1024, faults, parts: { before: before.resident, most } };
}

async function measureDeaf(options: RowOptions): Promise<{ pairs: Pair[]; notes: string[] }> {
  const pairs = await inTurn(options.pairs, null, () => withEnds((cleanUp) => deafWindow(options.sized(DEAF), cleanUp)));
  const sent = Math.round((CHANGES * BYTES) / 1024 / 1024);
  return {
    pairs,
    notes: [`each of ${options.sized(DEAF)} clients has ${sent} MB to read, and reads none of it`],
  };
}

export const memory: readonly Row[] = [
  { name: 'idle memory per SSE connection, 5,000', groups: ['memory'], unit: 'kB', goal: { most: 2 }, measure: measureIdle },
  {
    name: 'memory per client that never reads',
    groups: ['memory'],
    unit: 'MB',
    goal: { mostOfAll: 1 },
    mostPairs: 2,
    measure: measureDeaf,
  },
];
