import { type ObjectLiteral, type SelectQueryBuilder } from 'typeorm';
import { type Page } from '@flagwire/protocol/admin';

/**
 * One page of a table with `id` and `created_at`, oldest first.
 * @param query its alias is `item`.
 * @param after the id of the last row of the page before; one that is not there gives an empty page.
 */
export async function pageOf<T extends ObjectLiteral & { id: string }>(
  query: SelectQueryBuilder<T>,
  table: 'sdk_key' | 'admin_token',
  after: string | null,
  limit: number,
): Promise<Page<T>> {
  if (after !== null) {
    query.andWhere(`(item.createdAt, item.id) > (SELECT last.created_at, last.id FROM ${table} last WHERE last.id = :after)`, {
      after,
    });
  }
  const rows = await query
    .orderBy('item.createdAt')
    .addOrderBy('item.id')
    .limit(limit + 1)
    .getMany();
  const items = rows.slice(0, limit);
  return { items, next: rows.length > limit ? (items.at(-1)?.id ?? null) : null };
}
