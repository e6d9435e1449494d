import { isSame } from '../sync/change-set.js';
import { type ChangeSet } from './change-set.js';

/** Both as one: for each flag what it was before the first and is after the second, without those that are as they were. */
export function merge<T>(first: ChangeSet<T>, second: ChangeSet<T>): ChangeSet<T> {
  const merged = new Map(first.changes.map((change) => [change.id, change]));
  for (const change of second.changes) {
    const before = merged.has(change.id) ? (merged.get(change.id)?.before ?? null) : change.before;
    merged.set(change.id, { ...change, before });
  }
  return { ...second, changes: [...merged.values()].filter(({ before, after }) => !isSame(before, after)) };
}
