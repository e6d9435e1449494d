import { type MigrationInterface, type QueryRunner, Table, TableIndex } from 'typeorm';

const text = (name: string, isNullable = false) => ({ name, type: 'text', isNullable });

/** What is done to anything but flags. No foreign keys: rows outlive the projects, tokens and keys that they tell of. */
export class AuditTrail1764100000000 implements MigrationInterface {
  name = 'AuditTrail1764100000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.createTable(
      new Table({
        name: 'audit_head',
        columns: [
          { name: 'id', type: 'integer', isPrimary: true },
          { name: 'sequence', type: 'bigint' },
        ],
      }),
    );
    await runner.query('INSERT INTO audit_head (id, sequence) VALUES (1, 0)');
    await runner.createTable(
      new Table({
        name: 'audit_record',
        columns: [
          { name: 'sequence', type: 'bigint', isPrimary: true },
          text('created_at'),
          text('action'),
          text('target'),
          text('project_id', true),
          text('project_key', true),
          text('environment_key', true),
          text('actor'),
          text('actor_id'),
          text('address', true),
          text('request_id', true),
          text('details'),
        ],
      }),
    );
    await runner.createIndex(
      'audit_record',
      new TableIndex({ name: 'audit_record_project', columnNames: ['project_key', 'sequence'] }),
    );
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.dropTable('audit_record');
    await runner.dropTable('audit_head');
  }
}
