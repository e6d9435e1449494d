import { metric } from '../../test/e2e/support/metrics.js';
import { type Door, DOORS, floorTarget, productTarget } from '../doors.js';
import { alternate } from '../pairs.js';
import { send, startProduct, toggling } from '../product.js';
import { startFloor } from '../programs.js';
import { connected, costOfWriting, type Pace, round, type Round, type Side } from '../rounds.js';
import { type Row, type RowOptions } from '../row.js';
import { cpuPerUnit } from '../window.js';

const CLIENTS = 1000;
const MOST_BYTES_APART = 4;
const PACE: Pace = { changes: 60, perSecond: 10, burst: 1 };

/** The floor's round, with a fault where its event has another size than the product's: revisions may have a digit more. */
function alike(floor: Round, { bytes }: Round): Round {
  const isAlike = Math.abs(floor.bytes - bytes) < MOST_BYTES_APART;
  return isAlike ? floor : { ...floor, faults: [...floor.faults, `an event of ${floor.bytes} bytes instead of ${bytes}`] };
}

async function measure(options: RowOptions, door: Door, burst: number) {
  const count = options.sized(CLIENTS);
  const pace = { ...PACE, burst };
  const product = await startProduct(options.cleanUp);
  const { server } = product;
  const flags = Array.from({ length: burst }, (_, index) => `flag-${index}`);
  for (const id of flags) await server.admin.createFlag(id);
  const toggle = toggling(product);
  const change = (index: number) => toggle(flags[index % flags.length] ?? '');
  const writeUs = await costOfWriting({ pid: server.pid, change }, burst);
  const clients = await connected(productTarget(door, product), count, options);
  const productSide: Side = { pid: server.pid, clients, count, change };

  const encodings = () => metric(server, 'flagwire_encodings_total');
  const encodedBefore = await encodings();
  const first = await round(productSide, pace);
  const encoded = (await encodings()) - encodedBefore;

  const floor = await startFloor(DOORS[door].floor, options.cleanUp);
  // The floor sends as many bytes as the product's event has: framing apart, which is the same.
  const size = Math.round(first.bytes) - DOORS[door].framing;
  const floorSide: Side = {
    pid: floor.pid,
    clients: await connected(floorTarget(door, floor), count, options),
    count,
    change: () => send('POST', `${floor.url}/change?bytes=${size}`),
  };
  const pairs = await alternate(
    options.pairs,
    async () => cpuPerUnit(alike(await round(floorSide, PACE), first)),
    async () => cpuPerUnit(await round(productSide, pace)),
  );
  return {
    pairs,
    notes: [
      `an event has ${Math.round(first.bytes)} bytes with its framing`,
      `the admin request, its commit and the reading of the log take ${Math.round(writeUs)} us of each change, which is ${(writeUs / count).toFixed(1)} us of a delivery`,
      `${(first.writeCalls / first.units).toFixed(2)} write calls for a delivery, those of the commits with them, and ${(encoded / pace.changes).toFixed(2)} encodings for a change`,
    ],
  };
}

const row = (name: string, door: Door, most: number, burst = 1): Row => ({
  name,
  groups: door === 'socketIo' ? ['fanout'] : ['quick', 'fanout'],
  unit: 'us',
  goal: { most },
  measure: (options) => measure(options, door, burst),
});

export const fanOut: readonly Row[] = [
  row('CPU per SSE delivery, 1,000 clients', 'sse', 1.25),
  row('the same, 10 changes in a burst (floor one by one)', 'sse', 0.5, 10),
  row('CPU per plain-WebSocket delivery', 'webSocket', 1.25),
  row('CPU per Socket.IO delivery', 'socketIo', 1.15),
];
