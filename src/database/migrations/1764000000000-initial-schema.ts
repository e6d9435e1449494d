import { type MigrationInterface, type QueryRunner, Table, type TableColumnOptions, TableIndex } from 'typeorm';

type Column = TableColumnOptions;

const text = (name: string, more: Partial<Column> = {}): Column => ({ name, type: 'text', ...more });
const integer = (name: string, more: Partial<Column> = {}): Column => ({ name, type: 'integer', ...more });
/** Revisions: PostgreSQL's integer would end at two thousand million. */
const bigint = (name: string, more: Partial<Column> = {}): Column => ({ name, type: 'bigint', ...more });
const boolean = (name: string, more: Partial<Column> = {}): Column => ({ name, type: 'boolean', ...more });

const key = { isPrimary: true };
const optional = { isNullable: true };

const belongsTo = (column: string, table: string) => ({
  columnNames: [column],
  referencedTableName: table,
  referencedColumnNames: ['id'],
  onDelete: 'CASCADE',
});

/**
 * Projects, environments, flags, keys and tokens, and the change log. One set for SQLite and PostgreSQL: times are RFC
 * 3339 text, JSON is text (so that the order of variants is kept), ids are UUIDs in text.
 */
export class InitialSchema1764000000000 implements MigrationInterface {
  name = 'InitialSchema1764000000000';

  async up(runner: QueryRunner): Promise<void> {
    for (const table of TABLES) await runner.createTable(new Table(table));
    for (const [table, name, columnNames] of INDICES) {
      await runner.createIndex(table, new TableIndex({ name, columnNames }));
    }
  }

  async down(runner: QueryRunner): Promise<void> {
    for (const table of [...TABLES].reverse()) await runner.dropTable(table.name);
  }
}

const TABLES = [
  {
    name: 'project',
    columns: [text('id', key), text('key', { isUnique: true }), text('name'), text('created_at'), text('updated_at')],
  },
  {
    name: 'environment',
    columns: [text('id', key), text('project_id'), text('key'), text('name'), text('created_at'), text('updated_at')],
    foreignKeys: [belongsTo('project_id', 'project')],
    uniques: [{ name: 'environment_key', columnNames: ['project_id', 'key'] }],
  },
  {
    name: 'flag',
    columns: [
      text('id', key),
      text('project_id'),
      text('key'),
      text('name'),
      text('description'),
      text('value_type'),
      text('variants'),
      text('default_variant', optional),
      text('tags'),
      text('owner', optional),
      boolean('critical'),
      integer('version'),
      text('created_at'),
      text('updated_at'),
      text('archived_at', optional),
    ],
    foreignKeys: [belongsTo('project_id', 'project')],
    uniques: [{ name: 'flag_key', columnNames: ['project_id', 'key'] }],
  },
  {
    name: 'flag_setting',
    columns: [
      text('flag_id', key),
      text('environment_id', key),
      text('status'),
      text('default_variant', optional),
      boolean('inherits_default_variant'),
      text('targeting'),
    ],
    foreignKeys: [belongsTo('flag_id', 'flag'), belongsTo('environment_id', 'environment')],
  },
  {
    name: 'environment_head',
    columns: [
      text('environment_id', key),
      text('epoch'),
      bigint('revision'),
      text('mark'),
      text('http_date'),
      text('origin_mark'),
      text('origin_http_date'),
      bigint('key_revision'),
    ],
    foreignKeys: [belongsTo('environment_id', 'environment')],
  },
  {
    name: 'change',
    columns: [
      text('environment_id', key),
      bigint('revision', key),
      text('epoch'),
      text('mark'),
      text('http_date'),
      text('created_at'),
      text('actor'),
      text('comment', optional),
      text('events'),
      text('before'),
    ],
    foreignKeys: [belongsTo('environment_id', 'environment')],
  },
  {
    name: 'flag_state',
    columns: [
      text('environment_id', key),
      text('flag_id', key),
      integer('version'),
      text('updated_at'),
      boolean('deleted'),
      text('definition'),
    ],
    foreignKeys: [belongsTo('environment_id', 'environment')],
  },
  {
    name: 'sdk_key',
    columns: [
      text('id', key),
      text('environment_id'),
      text('name'),
      text('kind'),
      text('selector', { isUnique: true }),
      text('secret_hash'),
      text('allowed_origins'),
      text('created_at'),
      text('expires_at', optional),
      text('last_used_at', optional),
      text('revoked_at', optional),
    ],
    foreignKeys: [belongsTo('environment_id', 'environment')],
  },
  {
    name: 'admin_token',
    columns: [
      text('id', key),
      text('name'),
      text('role'),
      text('project_id', optional),
      text('environments', optional),
      text('selector', { isUnique: true }),
      text('secret_hash'),
      text('created_at'),
      text('expires_at', optional),
      text('last_used_at', optional),
      text('revoked_at', optional),
    ],
    foreignKeys: [belongsTo('project_id', 'project')],
  },
  {
    name: 'server_secret',
    columns: [text('name', key), text('value'), text('created_at')],
  },
];

const INDICES: [table: string, name: string, columns: string[]][] = [
  ['flag_setting', 'flag_setting_environment', ['environment_id']],
  ['sdk_key', 'sdk_key_environment', ['environment_id']],
  ['change', 'change_time', ['environment_id', 'created_at']],
];
