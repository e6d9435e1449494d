import { drawFault, type Fault as NetworkFault, NETWORK } from '../../client/support/storm.js';
import { type Filter } from '../../mixed/ledger.js';
import { FAMILIES } from '../../mixed/author.js';
import { TRANSPORTS, type Transport } from '../../support/lines.js';
import { SeededRandom } from '../../support/random.js';

export const NODES = 3;
export const ALL_NODES: readonly number[] = Array.from({ length: NODES }, (_, node) => node);
/** So long things go wrong, but for what takes longer in every fiftieth schedule. */
export const STORM_MS = 4000;
/** A cluster is used for so many. */
export const FRESH_EVERY = 25;
const HARD_EVERY = 50;
const LONG_STOP_MS = 30_000;
/** Silence is noticed after 4 s: later ones would not be over within what is judged. */
const HALF_OPEN_UNTIL_MS = 2000;
/** Nobody can write meanwhile: a longer one would leave little to see of all other faults. */
const DISK_FULL_MS = 800;

/** Between clients and a node; a node and its database; a node and where its wake-ups come from. */
export const LINKS = ['front', 'database', 'wake-ups'] as const;
export type Link = (typeof LINKS)[number];

export const NODE_FAULTS = ['node-killed', 'node-stopped', 'clock-off', 'cut-off', 'stalled-clients'] as const;
export const CLUSTER_FAULTS = ['database-killed', 'disk-full', 'restore'] as const;

export type Fault =
  | { readonly on: Link; readonly node: number; readonly fault: NetworkFault }
  | {
      readonly on: 'node';
      readonly node: number;
      readonly kind: (typeof NODE_FAULTS)[number];
      readonly at_ms: number;
      readonly for_ms: number;
    }
  | { readonly on: 'cluster'; readonly kind: (typeof CLUSTER_FAULTS)[number]; readonly at_ms: number; readonly for_ms: number };

export interface Client {
  /** Null: the SDK's own order. */
  readonly transport: Transport | null;
  readonly by: 'raw' | 'sdk';
  readonly flags: Filter;
  readonly at_ms: number;
  readonly seed: number;
}

export interface WriterPlan {
  readonly seed: number;
  readonly until_ms: number;
  /** Between two writes, on average. */
  readonly rest_ms: number;
  /** The nodes that it asks, any of them each time. */
  readonly nodes: readonly number[];
  /** It changes flags of so many bytes, all at once, again and again; 0: it does all kinds of things to many. */
  readonly bytes: number;
  /** Past the proxies. */
  readonly isDirect: boolean;
}

export interface Schedule {
  readonly seed: number;
  /** How long things go wrong, at least. */
  readonly for_ms: number;
  readonly faults: readonly Fault[];
  readonly clients: readonly Client[];
  readonly writers: readonly WriterPlan[];
  /** When a key is revoked, and on which node it is asked for; null: not in this one. */
  readonly revocation: { readonly at_ms: number; readonly node: number } | null;
  /** Draws what is asked when all is over. */
  readonly afterwards: number;
}

/** The same seed gives the same schedule everywhere. */
export function drawSchedule(seed: number): Schedule {
  const random = new SeededRandom(seed);
  const isHard = seed % HARD_EVERY === 0;
  const faults = Array.from({ length: random.int(3, 8) }, () => drawAny(random)).filter(isPlain(isHard));
  if (isHard) faults.push(...hard(random));
  const isRestored = random.chance(0.12) && !isHard;
  if (isRestored) faults.push({ on: 'cluster', kind: 'restore', at_ms: random.int(0, 1500), for_ms: random.int(300, 2000) });
  const writers = Array.from({ length: random.int(1, 3) }, () => ({
    ...{ seed: random.fork().seed, until_ms: random.int(1500, STORM_MS), rest_ms: random.int(10, 100) },
    ...{ nodes: ALL_NODES, bytes: random.chance(0.06) ? random.int(50, 200) * 1000 : 0, isDirect: false },
  }));
  const revocation = { at_ms: random.int(500, STORM_MS - 500), node: random.int(0, NODES - 1) };
  return {
    ...{ seed, for_ms: STORM_MS, faults, clients: drawClients(random), writers, afterwards: random.fork().seed },
    // A restore would bring the key back.
    revocation: isRestored ? null : revocation,
  };
}

/** One thing at a time for the process of a node, and nothing that needs the database where that is killed. */
function isPlain(isHard: boolean): (fault: Fault) => boolean {
  const taken = new Set<string>();
  return (fault) => {
    if (fault.on !== 'node' && fault.on !== 'cluster') return true;
    const isOfProcess = fault.kind === 'node-killed' || fault.kind === 'node-stopped' || fault.kind === 'clock-off';
    const place = fault.on === 'cluster' ? fault.kind : `${fault.node} ${isOfProcess ? 'process' : fault.kind}`;
    if (taken.has(place) || (isHard && (fault.on === 'cluster' || isOfProcess))) return false;
    return taken.add(place) !== undefined;
  };
}

function drawAny(random: SeededRandom): Fault {
  const node = random.int(0, NODES - 1);
  const drawn = random.next();
  if (drawn < 0.3) return network(random, 'front', node, [...NETWORK, 'black-hole', 'reset-inside']);
  if (drawn < 0.5) return network(random, 'database', node, [...NETWORK, 'black-hole', 'reset-inside']);
  if (drawn < 0.65)
    return network(random, 'wake-ups', node, ['delay', 'reset', 'half-open', 'refuse', 'black-hole', 'lose', 'double']);
  const at_ms = random.int(0, STORM_MS - 1000);
  const for_ms = random.int(100, STORM_MS - at_ms);
  if (drawn < 0.95) return { on: 'node', node, kind: random.pick(NODE_FAULTS), at_ms, for_ms };
  return { on: 'cluster', kind: 'disk-full', at_ms, for_ms: Math.min(for_ms, DISK_FULL_MS) };
}

function network(random: SeededRandom, on: Link, node: number, kinds: readonly NetworkFault['kind'][]): Fault {
  const fault = drawFault(random, kinds, STORM_MS);
  if (fault.kind !== 'half-open') return { on, node, fault };
  const at_ms = Math.min(fault.at_ms, HALF_OPEN_UNTIL_MS - 500);
  return { on, node, fault: { ...fault, at_ms, for_ms: Math.min(fault.for_ms, HALF_OPEN_UNTIL_MS - at_ms) } };
}

function hard(random: SeededRandom): Fault[] {
  return [
    { on: 'node', node: random.int(0, NODES - 1), kind: 'node-stopped', at_ms: random.int(0, 1000), for_ms: LONG_STOP_MS },
    { on: 'cluster', kind: 'database-killed', at_ms: random.int(500, 2500), for_ms: random.int(100, 1500) },
  ];
}

/** Two raw clients and an SDK for each transport, an SDK of all of them, and one of them in three with a filter. */
export function drawClients(random: SeededRandom): Client[] {
  const doors = [...TRANSPORTS, ...TRANSPORTS].map((transport) => ({ transport, by: 'raw' as const }));
  const sdks = [...TRANSPORTS, null].map((transport) => ({ transport, by: 'sdk' as const }));
  return [...doors, ...sdks].map((door) => ({
    ...door,
    flags: random.chance(0.33)
      ? random
          .shuffle(FAMILIES)
          .slice(0, random.int(1, 2))
          .map((family) => `${family}*`)
      : undefined,
    at_ms: random.chance(0.6) ? 0 : random.int(0, 3000),
    seed: random.fork().seed,
  }));
}
