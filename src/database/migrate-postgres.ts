import { setTimeout as pause } from 'node:timers/promises';
import { type DataSource, type EntityManager, type Migration, MigrationExecutor } from 'typeorm';

const TRY_AGAIN_MS = 200;

/**
 * Runs what has not run yet: all of it or nothing, by one node at a time. Lock and migrations are one transaction on one connection, so
 * that the lock lasts as long as they do, however the node ends, and holds behind a pooler that gives out connections for a
 * transaction. Who does not get the lock waits without a connection: a pooler may have few.
 * @param signal ends the waiting, with an AbortError.
 * @returns the names of what has run.
 */
export async function migratePostgres(source: DataSource, signal: AbortSignal | undefined): Promise<string[]> {
  for (;;) {
    const done = await source.transaction((manager) => migrateAlone(source, manager));
    if (done !== null) return done.map(({ name }) => name);
    await pause(TRY_AGAIN_MS, undefined, { signal });
  }
}

/** @returns null where another node has the lock. */
async function migrateAlone(source: DataSource, manager: EntityManager): Promise<Migration[] | null> {
  const [row] = await manager.query<{ locked: boolean }[]>(
    `SELECT pg_try_advisory_xact_lock(hashtext('flagwire migrations')) AS locked`,
  );
  if (row?.locked !== true) return null;
  // A migration may take its time. It may not wait long for a lock: whoever comes after it would wait behind it.
  await manager.query('SET LOCAL statement_timeout = 0');
  return new MigrationExecutor(source, manager.queryRunner).executePendingMigrations();
}
