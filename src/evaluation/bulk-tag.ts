import { type Cursor, formatCursor } from '@flagwire/protocol/sync';
import { parseIfNoneMatch } from '../common/entity-tag.js';

/** What a bulk answer depends on. */
export interface BulkState {
  readonly head: Cursor;
  /** See `contextHash`. */
  readonly context: string;
  /** See `StreamTokens.dayOf`: the answer holds a stream token, which is another one each day. */
  readonly day: number;
  /** Unix minutes where a rule reads the time; null: none does. */
  readonly minute: number | null;
}

/** The opaque part of the tag: the cursor stands first, so that a node can tell whether it is behind. */
export function bulkTag({ head, context, day, minute }: BulkState): string {
  return [formatCursor(head, null), context, day, ...(minute === null ? [] : [minute])].join('-');
}

/** The cursors in the tags that a client presents, as texts. */
export function cursorsIn(ifNoneMatch: string | undefined): readonly string[] {
  const tags = parseIfNoneMatch(ifNoneMatch);
  if (tags === null || tags === '*') return [];
  return tags.map((tag) => tag.split('-', 1)[0] ?? '');
}
