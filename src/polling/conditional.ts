import { type TagList } from '../common/entity-tag.js';

export interface Conditions {
  tags: TagList | null;
  /** Unix milliseconds; null: no such condition, or it cannot be read. */
  modifiedSince: number | null;
}

/**
 * Whether the answer is 304 (RFC 9110 section 13.2.2): a tag beats the date. A date is taken only when it is the very date
 * of the present revision, which no other revision has: so no change is ever hidden, whatever clock the date came from.
 * @param cursor the present one, as it stands in the tag.
 * @param httpDate of the present revision, RFC 3339.
 */
export function isNotModified({ tags, modifiedSince }: Conditions, cursor: string, httpDate: string): boolean {
  if (tags !== null) return tags === '*' || tags.includes(cursor);
  return modifiedSince !== null && modifiedSince === Date.parse(httpDate);
}

const IMF_FIXDATE = /^(Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} GMT$/;
const RFC_3339 = /^\d{4}-\d{2}-\d{2}[Tt ]\d{2}:\d{2}:\d{2}(\.\d+)?([Zz]|[+-]\d{2}:\d{2})$/;

/** An HTTP date or RFC 3339 (where a query string turned the `+` of an offset into a space, too); null for anything else. */
export function parseDate(text: string | undefined): number | null {
  if (text === undefined) return null;
  const mended = text.replace(/ (\d{2}:\d{2})$/, '+$1');
  const readable = IMF_FIXDATE.test(text) ? text : RFC_3339.test(mended) ? mended : null;
  const time = readable === null ? NaN : Date.parse(readable);
  return Number.isNaN(time) ? null : time;
}
