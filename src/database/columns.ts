import { type ValueTransformer } from 'typeorm';

/** PostgreSQL's driver gives a bigint as text; revisions stay far below 2^53. */
export const bigintColumn = {
  type: 'bigint',
  transformer: { from: (value: string | number) => Number(value), to: (value: unknown) => value } satisfies ValueTransformer,
} as const;

/** JSON kept as text, so that the order of keys is kept. */
export const jsonColumn = {
  type: 'text',
  transformer: {
    from: (value: string | null): unknown => (value === null ? null : JSON.parse(value)),
    to: (value: unknown) => (value === null || value === undefined ? null : JSON.stringify(value)),
  } satisfies ValueTransformer,
} as const;
