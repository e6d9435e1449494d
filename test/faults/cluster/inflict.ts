import { setTimeout as sleep } from 'node:timers/promises';
import { blow } from '../../client/support/storm.js';
import { type Cluster, DATABASE_SILENCE_MS } from './cluster.js';
import { type Fault, type Link, LINKS, type Schedule } from './schedule.js';

/** What a fault may do to those who are not of the cluster. */
export interface Bystanders {
  stall(node: number, isStalled: boolean): void;
  /** Puts the last back-up back, and remembers that it did. */
  restore(): Promise<void>;
}

export interface Aftermath {
  /** Since when nothing is disturbed. */
  readonly healed: number;
  /** By node: since when it runs, and reads the database as ever. */
  readonly returns: readonly number[];
  /** By node: when it began to be otherwise; Infinity: never. */
  readonly departures: readonly number[];
}

/** Does all faults of a schedule, each at its time; resolves when the last one is over. */
export async function inflict(
  cluster: Cluster,
  { faults, for_ms: stormMs }: Schedule,
  bystanders: Bystanders,
): Promise<Aftermath> {
  const begun = performance.now();
  const returns = cluster.nodes.map(() => begun);
  const departures = cluster.nodes.map(() => Infinity);
  const away = (node: number, from: number, until: number): void => {
    departures[node] = Math.min(departures[node] ?? from, from);
    returns[node] = Math.max(returns[node] ?? until, until);
  };
  const storms = cluster.nodes.flatMap(({ links }, node) =>
    LINKS.map((name: Link) => {
      const own = faults.flatMap((fault) => (fault.on === name && fault.node === node ? [fault.fault] : []));
      if (name === 'database') {
        for (const { kind, at_ms, for_ms } of own) {
          const until = kind === 'half-open' ? silentUntil(node, at_ms + for_ms, faults) : Math.min(at_ms + for_ms, stormMs);
          away(node, begun + at_ms, begun + until);
        }
      }
      return own.length === 0 ? Promise.resolve() : blow(links[name], own, stormMs);
    }),
  );
  const others = faults.map(async (fault) => {
    if (fault.on !== 'node' && fault.on !== 'cluster') return;
    await sleep(fault.at_ms);
    const from = performance.now();
    if (fault.on === 'node') await strikeNode(cluster, fault, bystanders);
    else await strikeCluster(cluster, fault, bystanders);
    const isSeen =
      fault.on === 'node' ? fault.kind !== 'clock-off' && fault.kind !== 'stalled-clients' : fault.kind !== 'disk-full';
    const struck = fault.on === 'node' ? [fault.node] : cluster.nodes.map((_, node) => node);
    if (isSeen) for (const node of struck) away(node, from, performance.now());
  });
  await Promise.all([...storms, ...others, sleep(stormMs)]);
  return { healed: performance.now(), returns, departures };
}

/**
 * When a node has noticed that its database's connections are dead: it asks, and waits for an answer. One that is stopped meanwhile asks
 * when it goes on.
 * @param from since when no more of them die.
 */
export function silentUntil(node: number, from: number, faults: Schedule['faults']): number {
  const until = from + DATABASE_SILENCE_MS;
  const goesOn = faults.flatMap((fault) => {
    const isStop = fault.on === 'node' && fault.node === node && fault.kind === 'node-stopped';
    return isStop && fault.at_ms < until ? [fault.at_ms + fault.for_ms] : [];
  });
  return Math.max(until, ...goesOn.map((at) => at + DATABASE_SILENCE_MS));
}

async function strikeNode(
  cluster: Cluster,
  { kind, node, for_ms }: Extract<Fault, { on: 'node' }>,
  bystanders: Bystanders,
): Promise<void> {
  const { server, links } = cluster.node(node);
  switch (kind) {
    case 'node-killed':
      await server.kill('SIGKILL');
      await sleep(for_ms);
      return server.restart();
    case 'node-stopped':
      server.signal('SIGSTOP');
      await sleep(for_ms);
      return server.signal('SIGCONT');
    case 'clock-off':
      server.signal('SIGUSR2');
      return void (await sleep(for_ms));
    case 'cut-off': {
      const ways = [links.database, links['wake-ups']];
      for (const way of ways) {
        way.refuse();
        way.resetAll();
      }
      await sleep(for_ms);
      return void (await Promise.all(ways.map((way) => way.accept())));
    }
    case 'stalled-clients':
      bystanders.stall(node, true);
      await sleep(for_ms);
      return bystanders.stall(node, false);
  }
}

async function strikeCluster(
  cluster: Cluster,
  { kind, for_ms }: Extract<Fault, { on: 'cluster' }>,
  bystanders: Bystanders,
): Promise<void> {
  switch (kind) {
    case 'database-killed':
      await cluster.killDatabase();
      await sleep(for_ms);
      return cluster.startDatabase();
    case 'disk-full':
      await cluster.database.fillDisk(true);
      await sleep(for_ms);
      return cluster.database.fillDisk(false);
    case 'restore':
      await cluster.database.backUp();
      await sleep(for_ms);
      return bystanders.restore();
  }
}
