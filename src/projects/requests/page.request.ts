import { type Page } from '@flagwire/protocol/admin';
import { type Check, searched } from './checks.js';
import { OptionalField } from './field.decorator.js';

const DEFAULT_LIMIT = 50;
const MOST = 100;

/** A number as a query has it: text. */
export const digits =
  (min: number, max: number): Check =>
  (value) => {
    const isWhole = typeof value === 'string' && /^(0|[1-9]\d{0,15})$/.test(value);
    return isWhole && Number(value) >= min && Number(value) <= max ? null : `must be a whole number from ${min} to ${max}`;
  };

/** The query of a list. */
export class PageRequest {
  @OptionalField(digits(1, MOST), { type: 'integer', minimum: 1, maximum: MOST, default: DEFAULT_LIMIT })
  limit?: string;

  @OptionalField(searched(256, 0), { type: String, description: 'The `next` of the page before.' })
  after?: string;
}

export function limitOf({ limit }: { limit?: string }): number {
  return limit === undefined ? DEFAULT_LIMIT : Number(limit);
}

/** A page of rows that were read up to one more than `limit`: the one more says that there is a next page. */
export function pageOf<Row>(rows: readonly Row[], limit: number, keyOf: (row: Row) => string): Page<Row> {
  const items = rows.slice(0, limit);
  const last = items.at(-1);
  return { items, next: rows.length > limit && last !== undefined ? keyOf(last) : null };
}
