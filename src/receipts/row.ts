import { type Buckets } from './delays.js';

/** Clients that lack something are named up to here, on each node and in an answer. */
export const MOST_LAGGARDS = 100;
/** Revisions whose delays are kept, and at which clients are counted apart. */
export const MOST_REVISIONS = 64;
/** Polling clients of one environment that a node tells apart. */
export const MOST_POLLERS = 500;

/** A client that lacks something. Durations are milliseconds at the moment of the count. */
export interface Laggard {
  /** A poller's, by which it is known on every node; null: a connection. */
  poller: string | null;
  client: string | null;
  version: string | null;
  transport: string;
  revision: number;
  cursor: string;
  behind_ms: number;
}

/** What one node knows of the clients of one environment: a row's content. */
export interface Count {
  epoch: string;
  /** Of the node's replica. */
  revision: number;
  /** Connections by transport. */
  transports: Record<string, number>;
  /** Connections by the newest revision that they have, newest first, and how many of them have acknowledged it. */
  standings: [revision: number, clients: number, acknowledged: number][];
  /** Connections at revisions older than these. */
  older: number;
  /** Of the newest revisions: from the commit to the reading by this node, and on to its clients. */
  delays: { revision: number; commit_to_read_ms: number; max_ms: number; buckets: Buckets }[];
  /** Those furthest behind. */
  laggards: Laggard[];
  /** Polling clients: who, at which revision, and how long ago it last asked. */
  pollers: [id: string, revision: number, idle_ms: number][];
}

/** An acknowledgement that came to a node without the connection: what the connection's node takes it from. */
export type Stray = [connectionId: string, keyId: string, cursor: string, waited_ms: number];
