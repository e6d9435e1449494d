import { type Cursor, type FlagEvent } from '@flagwire/protocol/sync';

/** How a change set came about, and to this node. */
export interface Commit {
  /** By the clock of the node that wrote it; RFC 3339. */
  readonly createdAt: string;
  /** The trace of whoever made the change (W3C Trace Context); null where there was none. */
  readonly traceparent: string | null;
  /** Milliseconds by the database's clock until this node read it; null where it did not follow the log to it. */
  readonly readAfterMs: number | null;
}

/** A committed change set as it was read from the log: each event's JSON is made once, for every transport and client. */
export class EncodedChangeSet {
  /** The JSON of each event up to its closing brace, so that a transport adds its own fields: `{"type":…,"data":…`. */
  readonly openTexts: readonly string[];
  /** Length of the texts, which stands for the memory that the set takes. */
  readonly size: number;

  constructor(
    readonly before: Cursor,
    readonly after: Cursor,
    /** The date of `after`: whole seconds, RFC 3339. */
    readonly httpDate: string,
    readonly commit: Commit,
    readonly events: readonly FlagEvent[],
  ) {
    this.openTexts = events.map((event) => JSON.stringify(event).slice(0, -1));
    this.size = this.openTexts.reduce((sum, text) => sum + text.length, 0);
  }
}
