import { type MigrationInterface, type QueryRunner } from 'typeorm';

/**
 * Whose trace a change belongs to, and when it was logged by the database's clock. Plain statements: TypeORM would copy the
 * whole log of a SQLite file into a new table.
 */
export class ChangeTraces1764140000000 implements MigrationInterface {
  name = 'ChangeTraces1764140000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE "change" ADD COLUMN "traceparent" text');
    await runner.query('ALTER TABLE "change" ADD COLUMN "logged_at" bigint');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE "change" DROP COLUMN "logged_at"');
    await runner.query('ALTER TABLE "change" DROP COLUMN "traceparent"');
  }
}
