import { productTarget } from './doors.js';
import { startProduct, startWithFlags, toggling } from './product.js';
import { connected, costOfChange, type Pace, round, type Round, type Side, warmUp } from './rounds.js';
import { type RowOptions } from './row.js';
import { cpuPerUnit, type Window } from './window.js';

/** One round of measuring: what something costs at one size. */
export type Cost = () => Promise<Window>;

const FLAG = 'f00001';
/** A second; what a change costs where the process sleeps between two of them spreads with the machine. */
const CHANGES_PER_SECOND = 100;
const CHANGES = 600;

/**
 * CPU of one delivery to so many clients, without what the change costs by itself: that is measured with one client.
 * @param filters distinct filters among the clients; null: none of them has one.
 */
export async function deliveryCost(options: RowOptions, count: number, pace: Pace, filters: number | null = null): Promise<Cost> {
  const product = await startProduct(options.cleanUp);
  await product.server.admin.createFlag(FLAG);
  const toggle = toggling(product);
  const change = () => toggle(FLAG);
  const { pid } = product.server;
  await warmUp(change, options);
  const aloneUs = await costOfChange({ pid, change }, productTarget('sse', product), pace, options);
  const clients = await connected(productTarget('sse', product), filters === null ? count : 0, options);
  for (let filter = 0; filter < (filters ?? 0); filter += 1) {
    const target = productTarget('sse', product, `${FLAG},other-${filter}`);
    await clients.ask({ connect: { ...target, count: Math.floor(count / (filters ?? 1)) } });
  }
  const all = filters === null ? count : Math.floor(count / filters) * filters;
  return async () => cpuOfDelivery(await round({ pid, clients, count: all, change }, pace), pace, aloneUs);
}

/** CPU of one change among so many flags, read from the log by one client: its delivery is the only one. */
export async function changeCost(options: RowOptions, flags: number): Promise<Cost> {
  const product = await startWithFlags(options.cleanUp, flags);
  const toggle = toggling(product);
  const change = () => toggle(FLAG);
  const { pid } = product.server;
  await warmUp(change, options);
  const clients = await connected(productTarget('sse', product), 1, options);
  const side: Side = { pid, clients, count: 1, change };
  return async () => cpuPerUnit(await round(side, { changes: CHANGES, perSecond: CHANGES_PER_SECOND, burst: 1 }));
}

/** @param aloneUs what each of the round's changes costs by itself. */
export function cpuOfDelivery(work: Round, { changes }: Pace, aloneUs: number): Window {
  const { total, user, system } = work.cpu;
  const share = Math.max(0, total - changes * aloneUs) / total;
  return cpuPerUnit({ ...work, cpu: { total: total * share, user: user * share, system: system * share } });
}
