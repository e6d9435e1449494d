import { createHash } from 'node:crypto';
import { type Cursor, type FlagFilter, flagIdOf, formatCursor, matches } from '@flagwire/protocol/sync';
import { type EncodedChangeSet } from './encoded-change-set.js';

/** Which flags of an environment somebody wants, with the hash that stands in its cursors. */
export interface Subscription {
  /** Null: all flags. */
  readonly filter: FlagFilter | null;
  readonly filterHash: string | null;
}

/** Protocol section 1: the first 8 hex digits of SHA-256 of the canonical filter. */
export function subscriptionTo(filter: FlagFilter | null): Subscription {
  if (filter === null) return { filter, filterHash: null };
  return { filter, filterHash: createHash('sha256').update(filter.canonical).digest('hex').slice(0, 8) };
}

/** Equal for subscriptions to the same flags. */
export function subscriptionKey({ filter }: Subscription): string {
  return filter === null ? '*' : filter.canonical;
}

/** The cursor as this subscription's clients see it. */
export function cursorText(cursor: Cursor, { filterHash }: Subscription): string {
  return formatCursor(cursor, filterHash);
}

/** One event on its way out: `openText` lacks its closing brace, so that a transport can add fields. */
export interface OutgoingEvent {
  openText: string;
  id: string;
  /** The change set goes on with the next event. */
  more: boolean;
}

/**
 * The events of a change set that this subscription gets. All but the last carry the cursor before the set, the last the
 * cursor after it: whatever a client has handled, its id is safe to resume from.
 */
export function outgoingEvents(set: EncodedChangeSet, subscription: Subscription): OutgoingEvent[] {
  const texts = set.events.flatMap((event, index) =>
    matches(subscription.filter, flagIdOf(event)) ? [set.openText(index)] : [],
  );
  const before = cursorText(set.before, subscription);
  const after = cursorText(set.after, subscription);
  return texts.map((openText, index) => {
    const more = index < texts.length - 1;
    return { openText, id: more ? before : after, more };
  });
}

/** How many events of the sets this subscription gets. */
export function countEvents(sets: readonly EncodedChangeSet[], { filter }: Subscription): number {
  return sets.reduce((sum, set) => sum + set.events.filter((event) => matches(filter, flagIdOf(event))).length, 0);
}
