/** Entity tags (RFC 9110 section 8.8.3): a tag wraps the cursor, and is weak: the same for every content coding. */

export function tagOf(cursor: string): string {
  return `W/"${cursor}"`;
}

export type TagList = '*' | readonly string[];

/** One tag of a list: `W/"x"` or `"x"`, and what follows it. */
const TAG = /^\s*(?:W\/)?"([\x21\x23-\x7e\x80-\xff]*)"\s*(?:,|$)/;

/**
 * The opaque parts in `If-None-Match` (RFC 9110 section 13.1.2); null where there is no such condition or it cannot be read.
 * Empty members of the list are skipped (section 5.6.1).
 */
export function parseIfNoneMatch(header: string | undefined): TagList | null {
  if (header === undefined || header.trim() === '') return null;
  if (header.trim() === '*') return '*';
  const tags: string[] = [];
  let rest = header;
  while (rest.trim() !== '') {
    const empty = /^\s*,/.exec(rest);
    const match = empty ?? TAG.exec(rest);
    if (match === null) return null;
    if (match[1] !== undefined) tags.push(match[1]);
    rest = rest.slice(match[0].length);
  }
  return tags.length === 0 ? null : tags;
}

/** The same from the query parameter, where the quotes may be missing. */
export function parseIfNoneMatchParameter(value: string | undefined): TagList | null {
  if (value === undefined || value === '') return null;
  return parseIfNoneMatch(value) ?? [value];
}
