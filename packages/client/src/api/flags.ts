import { FILTER_MAX_BYTES, FILTER_MAX_ENTRIES, isFlagId } from '@flagwire/protocol/sync';
import { InvalidFlags } from './errors.js';

const RULE = `1 to ${FILTER_MAX_ENTRIES} ids or prefixes such as checkout.*, ${FILTER_MAX_BYTES} characters in all`;

/**
 * The flags to ask for; null: all. By the rules of the protocol's parser, which says more and is larger than a page needs.
 * @throws InvalidFlags where the server would refuse them.
 */
export function readFlags(flags: readonly string[] | null = null): readonly string[] | null {
  if (flags === null || isFilter(flags)) return flags;
  throw new InvalidFlags(`flags has to be ${RULE}; this is not: ${JSON.stringify(flags)}`);
}

function isFilter(flags: readonly unknown[]): boolean {
  const isList = Array.isArray(flags) && flags.length > 0 && flags.length <= FILTER_MAX_ENTRIES;
  return isList && flags.every(isEntry) && flags.join().length <= FILTER_MAX_BYTES;
}

function isEntry(entry: unknown): boolean {
  return typeof entry === 'string' && (entry === '*' || isFlagId(entry.endsWith('*') ? entry.slice(0, -1) : entry));
}
