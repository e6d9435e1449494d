import {
  type ConnectionsAnswer,
  type LaggingClient,
  type MissingNode,
  type PropagationAnswer,
  type PropagationNode,
} from '@flagwire/protocol/admin';
import { isoTime } from '../common/clock.js';
import { added, type Buckets, countOf, quantile } from './delays.js';
import { type Count, type Laggard, MOST_LAGGARDS, MOST_REVISIONS } from './row.js';

/** What one node has written of an environment. */
export interface NodeCount {
  id: string;
  name: string;
  /** Milliseconds since it was written. */
  ageMs: number;
  /** Null: it had no client there. */
  count: Count | null;
}

/** What nodes wrote: those that are there, and those that have not written for too long. */
export interface Board {
  fresh: readonly NodeCount[];
  missing: readonly NodeCount[];
  /** The database's clock, Unix milliseconds: by it ages become times. */
  now: number;
}

/** The revision that is asked about. */
export interface Asked {
  epoch: string;
  revision: number;
  cursor: string;
  /** RFC 3339, by the clock of the node that wrote it. */
  committedAt: string | null;
}

/** Adds up what all nodes know of one revision. */
export function propagation(asked: Asked, board: Board): PropagationAnswer {
  const nodes = board.fresh.map((node) => ofNode(node, asked));
  const pollers = pollersOf(board);
  const sum = (of: (node: PropagationNode) => number) => nodes.reduce((total, node) => total + of(node), 0);
  const polling = [...pollers.values()];
  const pollersThere = polling.filter(({ revision, epoch }) => epoch === asked.epoch && revision >= asked.revision).length;
  const connected = sum((node) => node.clients) + polling.length;
  const have = sum((node) => node.have) + pollersThere;
  return {
    ...{ revision: asked.revision, cursor: asked.cursor, committed_at: asked.committedAt },
    complete: have === connected && board.missing.length === 0,
    clients: {
      ...{ connected, have, behind: connected - have, polling: polling.length },
      acknowledged: pollersThere + board.fresh.reduce((total, { count }) => total + acknowledgedOf(count, asked), 0),
    },
    delay_ms: delaysOf(board, asked),
    behind: laggardsOf(board, asked, pollers),
    nodes,
    missing: missingOf(board),
  };
}

/** Adds up who is connected, and where they stand. */
export function connections(board: Board): ConnectionsAnswer {
  const pollers = pollersOf(board);
  const nodes = board.fresh.map(({ id, name, ageMs, count }) => {
    const transports = { ...count?.transports };
    const polling = [...pollers.values()].filter(({ node }) => node === id);
    if (polling.length > 0) transports['polling'] = polling.length;
    const at = tallied(count, polling);
    return {
      ...{ node: name, node_id: id, age_ms: ageMs, revision: count?.revision ?? null, total: total(transports), transports },
      ...{ revisions: at.slice(0, MOST_REVISIONS), older: (count?.older ?? 0) + clientsOf(at.slice(MOST_REVISIONS)) },
    };
  });
  const transports: Record<string, number> = {};
  for (const [name, count] of nodes.flatMap((node) => Object.entries(node.transports))) {
    transports[name] = (transports[name] ?? 0) + count;
  }
  return { total: total(transports), transports, nodes, missing: missingOf(board) };
}

interface KnownPoller {
  node: string;
  epoch: string;
  revision: number;
  idleMs: number;
}

/** Each poller once, by the node that it asked last: a load balancer sends it here and there. */
function pollersOf({ fresh }: Board): Map<string, KnownPoller> {
  const found = new Map<string, KnownPoller>();
  for (const { id: node, ageMs, count } of fresh) {
    for (const [id, revision, idle] of count?.pollers ?? []) {
      const idleMs = idle + ageMs;
      const other = found.get(id);
      if (other === undefined || idleMs < other.idleMs) found.set(id, { node, epoch: count!.epoch, revision, idleMs });
    }
  }
  return found;
}

function ofNode({ id, name, ageMs, count }: NodeCount, asked: Asked): PropagationNode {
  const known = count?.delays.find(({ revision }) => count.epoch === asked.epoch && revision === asked.revision);
  return {
    ...{ node: name, node_id: id, age_ms: ageMs, revision: count?.revision ?? null },
    clients: (count?.older ?? 0) + clientsOf(count?.standings ?? []),
    have: clientsOf(standingsFrom(count, asked)),
    commit_to_read_ms: known === undefined ? null : round(known.commit_to_read_ms),
  };
}

/** Who is at the revision or further, of the same history. */
function standingsFrom(count: Count | null, { epoch, revision }: Asked): Count['standings'] {
  return count?.epoch === epoch ? count.standings.filter(([at]) => at >= revision) : [];
}

function acknowledgedOf(count: Count | null, asked: Asked): number {
  return standingsFrom(count, asked).reduce((sum, [, , acknowledged]) => sum + acknowledged, 0);
}

function delaysOf({ fresh }: Board, { epoch, revision }: Asked): PropagationAnswer['delay_ms'] {
  const known = fresh
    .flatMap(({ count }) => (count?.epoch === epoch ? count.delays : []))
    .filter((of) => of.revision === revision);
  const buckets: Buckets = added(known.map((of) => of.buckets));
  const max = Math.max(...known.map((of) => of.max_ms));
  const [p50, p99] = [quantile(buckets, 0.5), quantile(buckets, 0.99)];
  if (p50 === null || p99 === null) return null;
  return { p50: round(Math.min(p50, max)), p99: round(Math.min(p99, max)), max: round(max), clients: countOf(buckets) };
}

function laggardsOf({ fresh, now }: Board, asked: Asked, pollers: ReadonlyMap<string, KnownPoller>): LaggingClient[] {
  const behind = fresh.flatMap(({ id, name, ageMs, count }) => {
    const lacks = ({ revision }: Laggard) => count?.epoch !== asked.epoch || revision < asked.revision;
    const isHere = ({ poller }: Laggard) => poller === null || pollers.get(poller)?.node === id;
    return (count?.laggards ?? [])
      .filter((laggard) => lacks(laggard) && isHere(laggard))
      .map((laggard) => ({ laggard, node: name, sinceMs: now - ageMs - laggard.behind_ms }));
  });
  behind.sort((a, b) => a.sinceMs - b.sinceMs);
  return behind.slice(0, MOST_LAGGARDS).map(({ laggard: { client, version, transport, cursor }, node, sinceMs }) => ({
    ...{ client, version, transport, node, cursor, since: isoTime(Math.round(sinceMs)) },
  }));
}

function missingOf({ missing, now }: Board): MissingNode[] {
  return missing.map(({ id, name, ageMs, count }) => ({
    ...{ node: name, node_id: id, last_seen: isoTime(Math.round(now - ageMs)) },
    clients: count === null ? 0 : count.older + clientsOf(count.standings) + count.pollers.length,
  }));
}

function tallied(count: Count | null, polling: readonly KnownPoller[]): { revision: number; clients: number }[] {
  const sums = new Map<number, number>();
  const add = (revision: number, clients: number) => sums.set(revision, (sums.get(revision) ?? 0) + clients);
  for (const [revision, clients] of count?.standings ?? []) add(revision, clients);
  for (const { revision } of polling) add(revision, 1);
  return [...sums].sort(([a], [b]) => b - a).map(([revision, clients]) => ({ revision, clients }));
}

function clientsOf(standings: readonly (readonly [number, number, number] | { clients: number })[]): number {
  return standings.reduce((sum, standing) => sum + ('clients' in standing ? standing.clients : standing[1]), 0);
}

function total(transports: Record<string, number>): number {
  return Object.values(transports).reduce((sum, count) => sum + count, 0);
}

function round(ms: number): number {
  return Math.round(ms * 10) / 10;
}
