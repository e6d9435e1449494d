import { createHash } from 'node:crypto';

export interface CursorParts {
  epoch: string;
  revision: number;
  mark: string;
  /** Undefined for an unfiltered subscription. */
  filter: string | undefined;
}

const GRAMMAR = /^([a-z0-9]{8})\.(0|[1-9][0-9]{0,15})\.([a-z0-9]{6})(?:\.([0-9a-f]{8}))?$/;

/** The parts of a cursor (protocol section 1); null for `none` and for what is malformed. */
export function parseCursor(cursor: string): CursorParts | null {
  const match = GRAMMAR.exec(cursor);
  if (match === null || cursor.length > 64) return null;
  const [, epoch = '', revision = '', mark = '', filter] = match;
  return { epoch, revision: Number(revision), mark, filter };
}

/** @throws TypeError where it is no cursor, or `none`. */
export function revisionOf(cursor: string): number {
  const parts = parseCursor(cursor);
  if (parts === null) throw new TypeError(`not a cursor: ${JSON.stringify(cursor)}`);
  return parts.revision;
}

/** Whether `cursor` covers `goal`: the same epoch, and at its revision or after it. `none` covers nothing. */
export function reaches(cursor: string, goal: string): boolean {
  const [at, wanted] = [parseCursor(cursor), parseCursor(goal)];
  return at !== null && wanted !== null && at.epoch === wanted.epoch && at.revision >= wanted.revision;
}

/** The fourth part of a filtered subscription's cursors. Undefined for no filter, and for one that names all. */
export function filterHash(flags: readonly string[] | undefined): string | undefined {
  if (flags === undefined || flags.includes('*')) return undefined;
  const canonical = [...new Set(flags)].sort().join(',');
  return createHash('sha256').update(canonical).digest('hex').slice(0, 8);
}
