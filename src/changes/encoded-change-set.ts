import { type Cursor, type FlagEvent } from '@flagwire/protocol/sync';
import { inBatches } from '../common/batches.js';

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
  /** The JSON of each event's data. */
  private readonly texts: string[] = [];

  constructor(
    readonly before: Cursor,
    readonly after: Cursor,
    /** The date of `after`: whole seconds, RFC 3339. */
    readonly httpDate: string,
    readonly commit: Commit,
    readonly events: readonly FlagEvent[],
  ) {}

  /** Makes all texts that are not made yet, and lets others have a turn where they are many. */
  async encode(): Promise<void> {
    for await (const batch of inBatches([...this.events.keys()])) for (const index of batch) this.dataText(index);
  }

  /** Length of the texts, which stands for the memory that the set takes. */
  get size(): number {
    return this.events.reduce((sum, { type }, index) => sum + type.length + this.dataText(index).length, 0);
  }

  /** The JSON of an event up to its closing brace, so that a transport adds its own fields: `{"type":…,"data":…`. */
  openText(index: number): string {
    return `{"type":"${this.events[index]!.type}","data":${this.dataText(index)}`;
  }

  /** The JSON of an event's data: of one that makes or updates a flag, the flag's. */
  dataText(index: number): string {
    return (this.texts[index] ??= JSON.stringify(this.events[index]!.data));
  }
}
