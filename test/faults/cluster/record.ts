import { type Filter } from '../../mixed/ledger.js';
import { type FlagDefinition, type FlagEvent } from '../../support/wire-types.js';

/** All that was seen of one schedule, for `judge`. Times are milliseconds by `performance.now()`. */
export interface Record {
  /** The environment's log from its first revision on: as each restore found it, in their order, and as it is at the end. */
  readonly logs: readonly Log[];
  /** What the database holds at the end. */
  readonly stored: { readonly cursor: string; readonly flags: ReadonlyMap<string, FlagDefinition> };
  /** When a restore of an older database began. */
  readonly restores: readonly number[];
  readonly writes: readonly Write[];
  /** Requests of writers that were answered by what no fault explains. */
  readonly mistakes: readonly string[];
  readonly diaries: readonly Diary[];
  /** Of all who were there during the faults, from the end of the last of them. */
  readonly convergences: readonly Arrival[];
  /** Of those who came when all was over, with a cursor of any age. */
  readonly comings: readonly Arrival[];
  readonly cuts: readonly Cut[];
  readonly limits: Limits;
}

export interface Limits {
  /** For all to equal the database, from the end of the last fault. */
  readonly convergenceMs: number;
  /** For a cursor to be answered where nothing is disturbed. */
  readonly answerMs: number;
  /** For the connections of a revoked key. */
  readonly cutMs: number;
}

export interface Log {
  /** Of revision 0. */
  readonly origin: string;
  readonly rows: readonly LogRow[];
}

export interface LogRow {
  readonly cursor: string;
  readonly comment: string | null;
  readonly events: readonly FlagEvent[];
}

/** A write that was answered by 2xx. */
export interface Write {
  readonly at: number;
  readonly cursor: string | undefined;
  /** Drawn for this write alone; null where it takes none. */
  readonly comment: string | null;
}

/** What one client applied, in its order, over all of its connections. */
export interface Diary {
  readonly name: string;
  readonly flags: Filter;
  readonly sights: readonly Sight[];
  /** Breaches of the rules of one connection. */
  readonly breaches: readonly string[];
  readonly received: number;
}

/** `set`: one change set. `full`: all flags, or what several change sets made of them. */
export interface Sight {
  readonly at: number;
  readonly kind: 'set' | 'full';
  readonly cursor: string;
  /** The flags after it, with their versions, as `versionsOf`, where nothing came along with it. */
  readonly versions?: string;
  /** Of a set, where the client sees them. */
  readonly events?: readonly FlagEvent[];
}

/** How long a client took to equal the database. */
export interface Arrival {
  readonly name: string;
  /** Null: it never did. */
  readonly tookMs: number | null;
}

/** A connection of a key that was revoked. */
export interface Cut {
  readonly name: string;
  /** When the revocation was answered, or its node came back, whichever is later. */
  readonly due: number;
  /** When it was over; null: never. */
  readonly closed: number | null;
}
