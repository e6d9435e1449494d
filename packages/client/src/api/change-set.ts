import { type FlagDefinition, type FlagEvent } from '@flagwire/protocol/sync';
import { isSame } from '../sync/change-set.js';
import { type Change, type FlagChange } from '../sync/messages.js';

/** What became different at once: a change set of the server, or what a full sync or the cache brought. Never empty. */
export interface ChangeSet<T = FlagDefinition> {
  readonly changes: readonly Change<T>[];
  /** Where the flags stand with it; null: no server has said. */
  readonly cursor: string | null;
  /** Of the environment. */
  readonly revision: number | null;
}

/** One flag of a change set. */
export interface FlagOccurrence extends Readonly<FlagChange> {
  readonly type: FlagEvent['type'];
  readonly cursor: string | null;
  readonly revision: number | null;
}

export function occurrencesOf({ changes, cursor, revision }: ChangeSet): FlagOccurrence[] {
  return changes.map((change) => ({ type: typeOf(change), ...change, cursor, revision }));
}

function typeOf({ before, after }: FlagChange): FlagEvent['type'] {
  if (before === null) return 'FlagCreated';
  if (after === null) return 'FlagDeleted';
  return before.status !== after.status && isSame({ ...after, status: before.status, metadata: before.metadata }, before)
    ? 'FlagStatusChanged'
    : 'FlagUpdated';
}
