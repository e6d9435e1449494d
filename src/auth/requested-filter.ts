import { type FlagFilter, InvalidFilter, isInside, parseFilter } from '@flagwire/protocol/sync';
import { Forbidden, InvalidInput } from '../common/errors.js';

/** What a credential may ask for: a ticket is bound to its filter, a key to none. */
interface Bound {
  filter: FlagFilter | null;
}

/** The entries of `?flags=`, where repeats join. */
function entriesOf(parameter: unknown): string[] | null {
  if (parameter === undefined) return null;
  const values: unknown[] = Array.isArray(parameter) ? parameter : [parameter];
  return values.flatMap((value) => {
    if (typeof value !== 'string') throw new InvalidInput([{ path: 'flags', message: 'must be a text, or a list of texts' }]);
    return value === '' ? [] : value.split(',');
  });
}

/**
 * The filter of a request; without `?flags=` the credential's own.
 * @param parameter `?flags=` as the query parser gives it, or `flags` of a Socket.IO handshake: text, or a list of texts.
 * @throws InvalidInput where it cannot be read, Forbidden where a ticket's filter does not reach so far.
 */
export function requestedFilter(parameter: unknown, { filter: allowed }: Bound): FlagFilter | null {
  const entries = entriesOf(parameter);
  if (entries === null) return allowed;
  const wanted = filterOf(entries);
  if (isInside(wanted, allowed)) return wanted;
  throw new Forbidden(
    'outside_ticket',
    `The ticket is for the flags ${allowed?.canonical ?? ''}: ask for these, or for some of them`,
  );
}

/** @throws InvalidInput */
export function filterOf(entries: readonly string[]): FlagFilter | null {
  try {
    return parseFilter(entries);
  } catch (error) {
    if (error instanceof InvalidFilter) throw new InvalidInput([{ path: 'flags', message: error.message }]);
    throw error;
  }
}
