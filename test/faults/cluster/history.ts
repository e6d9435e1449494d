import { isDeepStrictEqual } from 'node:util';
import { type Filter, type Flags, isInFilter, versionsOf } from '../../mixed/ledger.js';
import { parseCursor } from '../../support/cursor.js';
import { flagOf, type FlagDefinition, type FlagEvent } from '../../support/wire-types.js';
import { type Log } from './record.js';

interface Moment {
  readonly depth: number;
  readonly before: Moment | null;
  readonly events: readonly FlagEvent[];
  readonly comment: string | null;
  readonly flags: Flags;
}

/** Every state that an environment ever had, by cursor: a line, and one more branch for each restore of an older database. */
export class History {
  /** What is wrong with the logs themselves. */
  readonly faults: string[] = [];
  private readonly moments = new Map<string, Moment>();
  private readonly final = new Set<Moment>();

  constructor(logs: readonly Log[]) {
    logs.forEach((log, index) => this.add(log, index === logs.length - 1));
  }

  has(cursor: string): boolean {
    return this.moments.has(bare(cursor));
  }

  /** Whether it is part of what there is at the end. */
  isFinal(cursor: string): boolean {
    return this.final.has(this.moment(cursor));
  }

  comment(cursor: string): string | null {
    return this.moment(cursor).comment;
  }

  flags(cursor: string, filter: Filter): Flags {
    return new Map([...this.moment(cursor).flags].filter(([id]) => isInFilter(filter, id)));
  }

  versions(cursor: string, filter: Filter): string {
    return versionsOf(this.flags(cursor, filter));
  }

  /** The change sets that lead from one cursor to another, those that a filter lets through; null where no way leads there. */
  between(from: string, to: string, filter: Filter): FlagEvent[][] | null {
    const start = this.moment(from);
    const sets: FlagEvent[][] = [];
    let moment: Moment | null = this.moment(to);
    for (; moment !== null && moment.depth > start.depth; moment = moment.before) {
      const events = moment.events.filter((event) => isInFilter(filter, flagOf(event)));
      if (events.length > 0) sets.unshift(events);
    }
    return moment === start ? sets : null;
  }

  private moment(cursor: string): Moment {
    const found = this.moments.get(bare(cursor));
    if (found === undefined) throw new RangeError(`no such moment: ${cursor}`);
    return found;
  }

  private add({ origin, rows }: Log, isFinal: boolean): void {
    const empty: Moment = { depth: 0, before: null, events: [], comment: null, flags: new Map<string, FlagDefinition>() };
    let before = this.moments.get(origin) ?? empty;
    this.moments.set(origin, before);
    if (isFinal) this.final.add(before);
    for (const { cursor, comment, events } of rows) {
      const parts = parseCursor(cursor);
      if (parts?.revision !== before.depth + 1) this.faults.push(`the log has ${cursor} after revision ${before.depth}`);
      const known = this.moments.get(cursor);
      if (known !== undefined && (known.before !== before || !isDeepStrictEqual(known.events, events))) {
        this.faults.push(`the log has two revisions ${cursor}`);
      }
      const moment = known ?? { depth: before.depth + 1, before, events, comment, flags: apply(before.flags, events) };
      this.moments.set(cursor, moment);
      if (isFinal) this.final.add(moment);
      before = moment;
    }
  }
}

/** Without the filter's part. */
function bare(cursor: string): string {
  return cursor.split('.', 3).join('.');
}

function apply(before: Flags, events: readonly FlagEvent[]): Flags {
  const flags = new Map(before);
  for (const event of events) {
    const id = flagOf(event);
    const held = flags.get(id);
    if (event.type === 'FlagDeleted') flags.delete(id);
    else if (event.type !== 'FlagStatusChanged') flags.set(id, event.data);
    else if (held !== undefined) {
      const { new_status, version, updated_at } = event.data;
      flags.set(id, { ...held, status: new_status, metadata: { ...held.metadata, version, updated_at } });
    }
  }
  return flags;
}
