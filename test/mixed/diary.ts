import { revisionOf } from '../support/cursor.js';
import { type AppliedSet } from '../support/sync-checker.js';
import { type Memory, type Witness } from '../support/visitor.js';
import { flagOf, versionOf } from '../support/wire-types.js';
import { type Filter, type Ledger, versionsOf } from './ledger.js';

type Entry =
  | { kind: 'set'; cursor: string; events: readonly string[] }
  | { kind: 'sync'; cursor: string; isFull: boolean; flags: Filter; versions: string };

/** The same text once: half a million events are told of a few thousand changes. */
const texts = new Map<string, string>();

function shared(text: string): string {
  const known = texts.get(text);
  if (known !== undefined) return known;
  texts.set(text, text);
  return text;
}

/** What one visit saw, to be held against the log when that is complete. */
export class Diary implements Witness {
  private readonly entries: Entry[] = [];
  private until: string | null = null;

  /** @param begun what the visitor came with. */
  constructor(
    private readonly begun: Memory | undefined,
    private readonly flags: Filter,
  ) {}

  onSet({ cursor, events }: AppliedSet): void {
    this.entries.push({
      kind: 'set',
      cursor,
      events: events.map((event) => shared(`${event.type} ${flagOf(event)} ${versionOf(event)}`)),
    });
  }

  onSync(isFull: boolean, { cursor, flags, state }: Memory): void {
    this.entries.push({ kind: 'sync', cursor, isFull, flags, versions: shared(versionsOf(state)) });
  }

  /** @param cursor up to where the visitor says that it has everything. */
  close(cursor: string): void {
    this.until = cursor;
  }

  /** Whether it was brought up to date by what it had missed. */
  get isResumed(): boolean {
    const first = this.entries.find((entry) => entry.kind === 'sync');
    return this.begun !== undefined && first?.kind === 'sync' && !first.isFull;
  }

  get sets(): number {
    return this.entries.filter(({ kind }) => kind === 'set').length;
  }

  /** Whatever was missed, seen twice, split, put together or let through, in sentences. */
  faults(ledger: Ledger): string[] {
    const faults: string[] = [];
    let flags = this.flags;
    let position = this.begun === undefined || this.begun.cursor === 'none' ? null : revisionOf(this.begun.cursor);
    const missed = (revision: number): void => {
      const lost = position === null ? [] : ledger.between(position, revision, flags);
      if (lost.length > 0) faults.push(`has nothing of the revisions ${lost.join(', ')}, but is at ${revision}`);
    };
    for (const entry of this.entries) {
      const revision = revisionOf(entry.cursor);
      if (!ledger.has(entry.cursor)) faults.push(`has a cursor that was never given out: ${entry.cursor}`);
      if (entry.kind === 'set') {
        if (position === null || revision <= position) faults.push(`has revision ${revision} after ${position}`);
        missed(revision - 1);
        const [sent, due] = [entry.events.join(', '), ledger.eventsOf(revision, flags).join(', ')];
        if (sent !== due) faults.push(`has of revision ${revision}: ${sent}; but it is: ${due}`);
      } else {
        if (!entry.isFull) missed(revision);
        ({ flags } = entry);
        const due = versionsOf(ledger.at(revision, flags));
        if (entry.versions !== due) faults.push(`has at revision ${revision}: ${entry.versions}; but there is: ${due}`);
      }
      position = revision;
    }
    if (this.until !== null && this.until !== 'none') missed(revisionOf(this.until));
    return faults;
  }
}
