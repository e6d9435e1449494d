import { metric } from '../../test/e2e/support/metrics.js';
import { type Door, DOORS, floorTarget, productTarget } from '../doors.js';
import { alternate, median } from '../pairs.js';
import { send, startProduct, toggling } from '../product.js';
import { startFloor } from '../programs.js';
import { connected, costOfChange, type Pace, round, type Round, type Side, warmUp } from '../rounds.js';
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
  await warmUp(change, options, burst);
  const target = productTarget(door, product);
  const aloneUs = await costOfChange({ pid: server.pid, change }, target, pace, options);
  const productSide: Side = { pid: server.pid, clients: await connected(target, count, options), count, change };

  const encodings = () => metric(server, 'flagwire_encodings_total');
  const encodedBefore = await encodings();
  const first = await round(productSide, pace);
  const encoded = (await encodings()) - encodedBefore;

  const floor = await startFloor(DOORS[door].floor, options.cleanUp);
  // The floor sends as many bytes as the product's event has: framing apart, which is the same.
  const size = Math.round(first.bytes) - DOORS[door].framing;
  const floorChange = () => send('POST', `${floor.url}/change?bytes=${size}`);
  await warmUp(floorChange, options);
  const floorAt = floorTarget(door, floor);
  const floorAloneUs = await costOfChange({ pid: floor.pid, change: floorChange }, floorAt, PACE, options);
  const floorSide: Side = {
    pid: floor.pid,
    clients: await connected(floorAt, count, options),
    count,
    change: floorChange,
  };
  const pairs = await alternate(
    options.pairs,
    async () => cpuPerUnit(alike(await round(floorSide, PACE), first)),
    async () => cpuPerUnit(await round(productSide, pace)),
  );
  const perDelivery = (us: number) => us / count;
  const ratio = median(
    pairs.map(({ floor, product }) => {
      const least = (floor?.figure ?? NaN) - perDelivery(floorAloneUs);
      return (product.figure - perDelivery(aloneUs)) / least;
    }),
  );
  return {
    pairs,
    notes: [
      `an event has ${Math.round(first.bytes)} bytes with its framing`,
      `with one client, at the same pace, a change takes ${Math.round(aloneUs)} us (the admin request, its commit, the reading of the log), which is ${perDelivery(aloneUs).toFixed(1)} us of a delivery; the floor's takes ${Math.round(floorAloneUs)} us; without both the ratio is ${ratio.toFixed(2)}`,
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
