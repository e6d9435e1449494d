/** The cursor of protocol section 1: where a reader stands in an environment's log. */
export interface Cursor {
  /** 8 of `a-z0-9`; new when the environment's history is replaced. */
  epoch: string;
  revision: number;
  /** 6 of `a-z0-9`, drawn for each change set: tells apart two histories that hand out the same revision. */
  mark: string;
}

/** A cursor as presented: with the hash of the filter it was given for, if any. */
export interface PresentedCursor extends Cursor {
  /** First 8 hex digits of SHA-256 of the canonical filter; null for an unfiltered subscription. */
  filter: string | null;
}

/** The reserved cursor: always answered by a full sync. */
export const NO_CURSOR = 'none';

const CURSOR = /^([a-z0-9]{8})\.(0|[1-9][0-9]{0,15})\.([a-z0-9]{6})(?:\.([0-9a-f]{8}))?$/;
const MAX_LENGTH = 64;

/** `<epoch>.<revision>.<mark>`, and `.<filter>` for a filtered subscription. */
export function formatCursor(cursor: Cursor, filter: string | null = null): string {
  const plain = `${cursor.epoch}.${cursor.revision}.${cursor.mark}`;
  return filter === null ? plain : `${plain}.${filter}`;
}

/** The parts, or null for `none`, for nothing and for whatever is malformed: all of them mean a full sync, never an error. */
export function parseCursor(text: string | null | undefined): PresentedCursor | null {
  if (text === null || text === undefined || text.length > MAX_LENGTH) return null;
  const match = CURSOR.exec(text);
  if (match === null) return null;
  const [, epoch = '', digits = '', mark = '', filter = null] = match;
  const revision = Number(digits);
  return Number.isSafeInteger(revision) ? { epoch, revision, mark, filter } : null;
}

export function sameCursor(a: Cursor, b: Cursor): boolean {
  return a.revision === b.revision && a.mark === b.mark && a.epoch === b.epoch;
}
