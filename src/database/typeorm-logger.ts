import { AdvancedConsoleLogger, type QueryRunner } from 'typeorm';

/** Says what TypeORM says, but for migrations that fail: the error is thrown as well, and whoever opens the database tells it once. */
export class TypeOrmLogger extends AdvancedConsoleLogger {
  override logMigration(message: string, runner?: QueryRunner): void {
    if (!message.includes(' failed, error: ')) super.logMigration(message, runner);
  }
}
