import { type DataSource, type EntityManager } from 'typeorm';

/**
 * A transaction on SQLite's one connection of `source`.
 *
 * Where the disk is full, and after other faults, SQLite rolls back by itself (https://sqlite.org/lang_transaction.html, section 3.1).
 * TypeORM's own rollback then fails, without a word, and to TypeORM the transaction stays open: the next one would be a savepoint in
 * it, and what that one has written, and was answered for, would never be committed. So the count is set right before each begins.
 */
export async function transaction<T>(source: DataSource, work: (manager: EntityManager) => Promise<T>): Promise<T> {
  const runner = source.createQueryRunner();
  if (runner.isTransactionActive) {
    // There has to be one to roll back. Where there is one, this fails, and the rollback is the point.
    await runner.query('BEGIN').catch(() => undefined);
    await runner.rollbackTransaction();
  }
  return source.transaction(work);
}
