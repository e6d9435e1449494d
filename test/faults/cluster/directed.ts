import { type Fault as NetworkFault } from '../../client/support/storm.js';
import { TRANSPORTS } from '../../support/lines.js';
import { ALL_NODES, type Client, type Fault, type Link, type Schedule, type WriterPlan } from './schedule.js';

/** Schedules by hand: each leads where one defect shows, and no other thing goes wrong. */
const FOR_MS = 2500;
/** In bytes: one flag, and a dozen changes of it are more than all buffers on the way hold. */
const LARGE = 400_000;

const calm: Schedule = {
  ...{ seed: 0, for_ms: FOR_MS, faults: [], clients: crowd(2), writers: writers(3, FOR_MS), revocation: null, afterwards: 7 },
};

function crowd(size: number, transports = TRANSPORTS.slice()): Client[] {
  const each = transports.map((transport) => ({ transport, by: 'raw' as const, flags: undefined, at_ms: 0 }));
  return Array.from({ length: size }, () => each)
    .flat()
    .map((client, index) => ({ ...client, seed: index }));
}

function writers(count: number, until_ms: number, changes: Partial<WriterPlan> = {}): WriterPlan[] {
  const plain = { until_ms, rest_ms: 15, nodes: ALL_NODES, bytes: 0, isDirect: true };
  return Array.from({ length: count }, (_, index) => ({ seed: index + 1, ...plain, ...changes }));
}

function on(link: Link, nodes: readonly number[], fault: Partial<NetworkFault> & Pick<NetworkFault, 'kind' | 'at_ms'>): Fault[] {
  const all = { for_ms: 0, direction: undefined, share: 1, seed: 1, ms: 0, bytes: 0 };
  return nodes.map((node) => ({ on: link, node, fault: { ...all, ...fault } }));
}

export const DIRECTED: Readonly<{ [name: string]: Schedule }> = {
  'writes that fail': {
    ...calm,
    faults: [
      { on: 'cluster', kind: 'disk-full', at_ms: 600, for_ms: 300 },
      { on: 'cluster', kind: 'disk-full', at_ms: 1500, for_ms: 300 },
    ],
  },
  // Nothing is written any more when the nodes listen again: what they missed they have to look for.
  'nodes that do not hear of writes for a while': {
    ...calm,
    writers: writers(3, 1000),
    faults: on('wake-ups', ALL_NODES, { kind: 'refuse', at_ms: 300, for_ms: 1700 }).concat(
      on('wake-ups', ALL_NODES, { kind: 'reset', at_ms: 310 }),
    ),
  },
  // Of the time between, one node knows what was taken back, and comes back when there are as many revisions again. All of them change
  // the same flag: whatever is mixed up fits together, but for the marks.
  'an older database, restored while a node is cut off': {
    ...calm,
    for_ms: 8200,
    writers: writers(1, 7700, { rest_ms: 5, nodes: [1, 2], bytes: 1 }),
    faults: [
      { on: 'cluster', kind: 'restore', at_ms: 100, for_ms: 2200 },
      { on: 'node', node: 0, kind: 'cut-off', at_ms: 2100, for_ms: 5800 },
    ],
  },
  // Whoever comes back presents what was taken back, and each node has as many revisions of the other history in memory by then,
  // and not so many more that it would send all flags anyway.
  'an older database, restored while all clients are away': {
    ...calm,
    for_ms: 6500,
    writers: writers(1, 6000, { rest_ms: 25, bytes: 1 }),
    faults: [
      { on: 'cluster', kind: 'restore', at_ms: 100, for_ms: 1200 },
      ...on('front', ALL_NODES, { kind: 'refuse', at_ms: 1000, for_ms: 3500 }),
      ...on('front', ALL_NODES, { kind: 'reset', at_ms: 1010 }),
    ],
  },
  // Long enough to fill what the kernel holds back for them: to Socket.IO a change of any size is sent in one piece, while they are live.
  'clients that read nothing for a while': {
    ...calm,
    for_ms: 12_000,
    clients: crowd(3, ['sse', 'websocket', 'socket.io']),
    writers: writers(3, 11_000, { rest_ms: 1, bytes: LARGE }),
    faults: [
      ...ALL_NODES.map((node): Fault => ({ on: 'node', node, kind: 'stalled-clients', at_ms: 1500, for_ms: 10_000 })),
      ...on('front', ALL_NODES, { kind: 'black-hole', at_ms: 1600, for_ms: 9900, direction: 'toClient' }),
    ],
  },
  // Who missed something when it came is told of something else later, so that it can be seen.
  'clients that come again and again': {
    ...calm,
    for_ms: 5500,
    clients: crowd(4),
    writers: writers(4, 5000, { rest_ms: 5 }),
    faults: [300, 800, 1300, 1800, 2300, 2800].flatMap((at_ms) => on('front', ALL_NODES, { kind: 'reset', at_ms })),
  },
};
