import { isFlagId } from './flag.js';

export const FILTER_MAX_ENTRIES = 100;
export const FILTER_MAX_BYTES = 4096;

/** A subscription to some flags: ids, or prefixes written `<prefix>*` (protocol section 4). Null stands for all flags. */
export interface FlagFilter {
  /** Sorted, without duplicates, joined by commas: equal filters have equal text. */
  readonly canonical: string;
  readonly ids: ReadonlySet<string>;
  readonly prefixes: readonly string[];
}

export class InvalidFilter extends Error {
  override readonly name = 'InvalidFilter';
}

function isEntry(entry: string): boolean {
  return isFlagId(entry.endsWith('*') ? entry.slice(0, -1) : entry);
}

/**
 * Reads a filter from its entries (`a`, `b.*`); `*` alone means all flags, which is null.
 * @throws InvalidFilter naming the first thing wrong: no entry, an entry that is neither an id nor a prefix, too many or too long.
 */
export function parseFilter(entries: readonly string[]): FlagFilter | null {
  const sorted = [...new Set(entries)].sort();
  if (entries.length === 0) throw new InvalidFilter('flags is empty: name flag ids or prefixes, or leave flags out for all');
  if (entries.length > FILTER_MAX_ENTRIES) {
    throw new InvalidFilter(`flags has ${entries.length} entries: at most ${FILTER_MAX_ENTRIES} are allowed`);
  }
  const canonical = sorted.join(',');
  if (entries.join(',').length > FILTER_MAX_BYTES) throw new InvalidFilter(`flags is longer than ${FILTER_MAX_BYTES} bytes`);
  const wrong = sorted.find((entry) => entry !== '*' && !isEntry(entry));
  if (wrong !== undefined) {
    throw new InvalidFilter(
      `flags has the entry ${JSON.stringify(wrong)}: an entry is a flag id, or <prefix>* with a prefix of at least one character`,
    );
  }
  if (sorted.includes('*')) return null;
  const prefixes = sorted.filter((entry) => entry.endsWith('*')).map((entry) => entry.slice(0, -1));
  return { canonical, ids: new Set(sorted.filter((entry) => !entry.endsWith('*'))), prefixes };
}

/** Whether the filter lets this flag through; null lets all through. */
export function matches(filter: FlagFilter | null, flagId: string): boolean {
  return filter === null || filter.ids.has(flagId) || filter.prefixes.some((prefix) => flagId.startsWith(prefix));
}

/** Whether every flag that `inner` lets through is let through by `outer` too. */
export function isInside(inner: FlagFilter | null, outer: FlagFilter | null): boolean {
  if (outer === null) return true;
  if (inner === null) return false;
  const covered = (start: string) => outer.prefixes.some((prefix) => start.startsWith(prefix));
  return [...inner.ids].every((id) => matches(outer, id)) && inner.prefixes.every(covered);
}
