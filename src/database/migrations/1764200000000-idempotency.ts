import { type MigrationInterface, type QueryRunner, Table, TableIndex } from 'typeorm';

/** Answers that are given again to the same request. */
export class Idempotency1764200000000 implements MigrationInterface {
  name = 'Idempotency1764200000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.createTable(
      new Table({
        name: 'idempotent_answer',
        columns: [
          { name: 'id', type: 'text', isPrimary: true },
          { name: 'expires_at', type: 'text' },
          { name: 'sealed', type: 'text' },
        ],
      }),
    );
    await runner.createIndex(
      'idempotent_answer',
      new TableIndex({ name: 'idempotent_answer_expiry', columnNames: ['expires_at'] }),
    );
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.dropTable('idempotent_answer');
  }
}
