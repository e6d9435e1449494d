import { type ValueTransformer } from 'typeorm';

/**
 * On SQLite TypeORM writes a number into the text of its statement. With one that grows each text is another one, which has to be
 * prepared, and drives others out of the cache of prepared statements: a bigint is bound, as everything else is.
 */
const wholeNumber = {
  from: (value: string | number | null) => (value === null ? null : Number(value)),
  to: (value: unknown) => (Number.isInteger(value) ? BigInt(value as number) : value),
} satisfies ValueTransformer;

export const integerColumn = { type: 'integer', transformer: wholeNumber } as const;

/** PostgreSQL's driver gives a bigint as text; revisions stay far below 2^53. */
export const bigintColumn = { type: 'bigint', transformer: wholeNumber } as const;

/** JSON kept as text, so that the order of keys is kept. */
export const jsonColumn = {
  type: 'text',
  transformer: {
    from: (value: string | null): unknown => (value === null ? null : JSON.parse(value)),
    to: (value: unknown) => (value === null || value === undefined ? null : JSON.stringify(value)),
  } satisfies ValueTransformer,
} as const;
