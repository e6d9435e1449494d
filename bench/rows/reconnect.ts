import { type Target } from '../doors.js';
import { alternate, type Pair } from '../pairs.js';
import { type Product, send, startWithFlags, toggling } from '../product.js';
import { type Program, startFloor, startProgram } from '../programs.js';
import { connected, faultsOf, type Tally, untilDelivered } from '../rounds.js';
import { type Row, type RowOptions } from '../row.js';
import { streamedSync } from '../streamed-sync.js';
import { type Window } from '../window.js';

const CLIENTS = 5000;
const FLAGS = 1000;
const FLAG = 'f00001';
const IN_FLIGHT = 100;

interface Connected {
  ms: number;
  bytes: number;
}

interface Side {
  product: Product;
  clients: Program;
  count: number;
  toggle: (flag: string) => Promise<void>;
}

async function startSide(options: RowOptions): Promise<Side & { target: Target }> {
  const product = await startWithFlags(options.cleanUp, options.sized(FLAGS));
  const toggle = toggling(product);
  await toggle(FLAG);
  await toggle(FLAG);
  const path = `/sdk/stream?key=${product.key}`;
  const target: Target = { door: 'sse', port: product.server.port, path };
  const { cursor } = await streamedSync(product.server.port, path);
  const count = options.sized(CLIENTS);
  // They begin with a cursor, too: that they have all flags is not what is measured.
  const clients = await connected(target, 0, options);
  await clients.ask({ connect: { ...target, count, cursor } });
  return { product, clients, count, toggle, target };
}

/** The server ends without a word and starts again, there is a change, and everybody comes back; then there is one for all. */
async function comeBack({ product, clients, count, toggle }: Side): Promise<Connected & { faults: string[] }> {
  await clients.ask({ mayEnd: true });
  await product.server.restart('SIGKILL');
  await toggle(FLAG);
  const back = await clients.ask<Connected>({ reconnect: { inFlight: IN_FLIGHT } });
  const { deliveries } = await clients.ask<Tally>({ tally: true });
  await toggle(FLAG);
  const after = await untilDelivered(clients, deliveries + count);
  return { ...back, faults: faultsOf(after, deliveries + count) };
}

/** Against a floor that was started just as freshly. */
async function measureTime(options: RowOptions) {
  const side = await startSide(options);
  const { server } = side.product;
  const { cursor } = await streamedSync(server.port, side.target.path);
  await side.toggle(FLAG);
  const { body } = await streamedSync(server.port, side.target.path, cursor);
  const visitors = startProgram('load/clients.mjs', options.cleanUp);
  const floorWindow = async (): Promise<Window> => {
    const floor = await startFloor('sync', options.cleanUp);
    await send('POST', floor.url, body);
    const target = { door: 'sse', port: floor.port, path: '/', count: side.count, inFlight: IN_FLIGHT };
    const { ms, bytes } = await visitors.ask<Connected>({ connect: target });
    await visitors.ask({ drop: true });
    floor.program.end();
    return { figure: ms, faults: [], parts: { bytes } };
  };
  const productWindow = async (): Promise<Window> => {
    const { ms, bytes, faults } = await comeBack(side);
    return { figure: ms, faults, parts: { bytes } };
  };
  return { pairs: await alternate(options.pairs, floorWindow, productWindow), notes: [] };
}

async function measureBytes(options: RowOptions) {
  const side = await startSide(options);
  const { server } = side.product;
  const pairs: Pair[] = [];
  for (let done = 0; done < options.pairs; done += 1) {
    const { bytes, ms, faults } = await comeBack(side);
    const full = await streamedSync(server.port, side.target.path);
    const floor: Window = { figure: full.bytes, faults: [], parts: {} };
    pairs.push({ floor, product: { figure: bytes / side.count, faults, parts: { ms } } });
  }
  return { pairs, notes: ['bytes of one client, head and framing with them; the floor is a full snapshot of 1,000 flags'] };
}

export const reconnect: readonly Row[] = [
  {
    name: 'reconnect of 5,000 clients after a restart: bytes against full snapshots',
    groups: ['connect'],
    unit: 'bytes',
    goal: { most: 0.01 },
    mostPairs: 2,
    measure: measureBytes,
  },
  {
    name: 'reconnect of 5,000 clients after a restart: time until all are live',
    groups: ['connect'],
    unit: 'ms',
    goal: { most: 2 },
    measure: measureTime,
  },
];
