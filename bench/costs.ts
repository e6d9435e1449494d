import { productTarget } from './doors.js';
import { startProduct, startWithFlags, toggling } from './product.js';
import { connected, costOfWriting, type Pace, round, type Side } from './rounds.js';
import { type RowOptions } from './row.js';
import { cpuPerUnit, type Window } from './window.js';

/** One round of measuring: what something costs at one size. */
export type Cost = () => Promise<Window>;

const FLAG = 'f00001';
const CHANGES = 60;

/**
 * CPU of one delivery to so many clients, without what the change costs by itself: that is measured while nobody listens.
 * @param filters distinct filters among the clients; null: none of them has one.
 */
export async function deliveryCost(options: RowOptions, count: number, pace: Pace, filters: number | null = null): Promise<Cost> {
  const product = await startProduct(options.cleanUp);
  await product.server.admin.createFlag(FLAG);
  const toggle = toggling(product);
  const change = () => toggle(FLAG);
  const { pid } = product.server;
  const writeUs = await costOfWriting({ pid, change });
  const clients = await connected(productTarget('sse', product), filters === null ? count : 0, options);
  for (let filter = 0; filter < (filters ?? 0); filter += 1) {
    const target = productTarget('sse', product, `${FLAG},other-${filter}`);
    await clients.ask({ connect: { ...target, count: Math.floor(count / (filters ?? 1)) } });
  }
  const all = filters === null ? count : Math.floor(count / filters) * filters;
  return async () => {
    const work = await round({ pid, clients, count: all, change }, pace);
    return cpuPerUnit({ ...work, cpu: withoutWrites(work.cpu, pace.changes * writeUs) });
  };
}

/** CPU of one change among so many flags, read from the log by one client: its delivery is the only one. */
export async function changeCost(options: RowOptions, flags: number): Promise<Cost> {
  const product = await startWithFlags(options.cleanUp, flags);
  const toggle = toggling(product);
  const change = () => toggle(FLAG);
  const { pid } = product.server;
  await costOfWriting({ pid, change });
  const clients = await connected(productTarget('sse', product), 1, options);
  const side: Side = { pid, clients, count: 1, change };
  return async () => cpuPerUnit(await round(side, { changes: CHANGES, perSecond: 20, burst: 1 }));
}

function withoutWrites({ total, user, system }: { total: number; user: number; system: number }, us: number) {
  const share = Math.max(0, total - us) / total;
  return { total: total * share, user: user * share, system: system * share };
}
