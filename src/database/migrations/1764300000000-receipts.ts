import { type MigrationInterface, type QueryRunner, Table } from 'typeorm';

/** What the clients of each node have: a row for each node and environment, which is written anew each second. */
export class Receipts1764300000000 implements MigrationInterface {
  name = 'Receipts1764300000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.createTable(
      new Table({
        name: 'receipt',
        columns: [
          { name: 'node', type: 'text', isPrimary: true },
          { name: 'environment_id', type: 'text', isPrimary: true },
          { name: 'name', type: 'text' },
          { name: 'written_at', type: 'bigint' },
          { name: 'body', type: 'text' },
        ],
      }),
    );
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.dropTable('receipt');
  }
}
