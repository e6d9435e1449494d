import { DataSource, type EntityManager } from 'typeorm';
import { ChangeLog } from '../../src/changes/change-log.js';
import { type FlagContent } from '../../src/changes/change-set.js';
import { Change } from '../../src/changes/change.entity.js';
import { EnvironmentHead } from '../../src/changes/environment-head.entity.js';
import { FlagState } from '../../src/changes/flag-state.entity.js';
import { PgWakeUps } from '../../src/changes/pg-wake-ups.js';
import { SqliteWakeUps } from '../../src/changes/sqlite-wake-ups.js';
import { SystemClock } from '../../src/common/clock.js';
import { SystemRandom } from '../../src/common/random.js';
import { RequestContext } from '../../src/common/request-context.js';
import { readConfig } from '../../src/config/config.js';
import { dataSourceOptions } from '../../src/database/data-source-options.js';
import { Database } from '../../src/database/database.js';
import { type FlagDefinition } from '../support/wire-types.js';

interface StateRow {
  definition: string;
}

interface HeadRow {
  epoch: string;
  revision: string | number;
  mark: string;
}

/** A boolean flag, as `ChangeLog.append` takes it. */
export function content(id: string, description: string): FlagContent {
  return {
    ...{ id, name: id, description, status: 'enabled', value_type: 'boolean', variants: { on: true, off: false } },
    ...{ default_variant: 'off', targeting: {} },
    metadata: { created_at: '2026-01-01T00:00:00.000Z', tags: [], owner: null, critical: false },
  };
}

/**
 * The product's own write side in this process, on the database of a running server: what REST cannot do, such as to hold a
 * transaction open or to roll it back, is done here. Flags that are appended here are in no table but the log's own.
 */
export class OwnWriter {
  private constructor(
    private readonly source: DataSource,
    private readonly database: Database,
    private readonly log: ChangeLog,
    readonly environmentId: string,
  ) {}

  /** @param environment the key of one of the project `default`. The database is migrated already. */
  static async open(databaseUrl: string, environment = 'production', pool = 10): Promise<OwnWriter> {
    const config = readConfig({ DATABASE_URL: databaseUrl, FLAGWIRE_DB_POOL: String(pool) });
    const source = new DataSource({ ...dataSourceOptions(config), entities: [EnvironmentHead, Change, FlagState] });
    const database = new Database(source, config);
    await database.open();
    const wakeUps = config.isPostgres ? new PgWakeUps(config, database) : new SqliteWakeUps();
    const log = new ChangeLog(database, new SystemClock(), new SystemRandom(), wakeUps, new RequestContext());
    const rows: { id: string }[] = await source.query(`SELECT id FROM environment WHERE key = $1`, [environment]);
    return new OwnWriter(source, database, log, rows[0]?.id ?? '');
  }

  async close(): Promise<void> {
    await this.database.onApplicationShutdown();
    await this.source.destroy();
  }

  /** One transaction. */
  write<T>(work: (manager: EntityManager) => Promise<T>): Promise<T> {
    return this.database.write(work);
  }

  /** One revision. */
  async append(manager: EntityManager, flags: Iterable<FlagContent>): Promise<string> {
    const head = (await this.log.lockHeads(manager, [this.environmentId])).get(this.environmentId);
    if (head === undefined) throw new Error('the environment has no head');
    const wanted = new Map([...flags].map((flag): [string, FlagContent] => [flag.id, flag]));
    const { cursor } = await this.log.append(manager, head, { flags: wanted, actor: 'own writer', comment: null });
    return `${cursor.epoch}.${cursor.revision}.${cursor.mark}`;
  }

  /** The environment as the database has it. */
  async truth(): Promise<{ cursor: string; state: Map<string, FlagDefinition> }> {
    return this.database.snapshot(async (manager) => {
      const states: StateRow[] = await manager.query(
        'SELECT definition FROM flag_state WHERE environment_id = $1 AND NOT deleted',
        [this.environmentId],
      );
      const heads: HeadRow[] = await manager.query(
        'SELECT epoch, revision, mark FROM environment_head WHERE environment_id = $1',
        [this.environmentId],
      );
      const flags = states.map((row) => JSON.parse(row.definition) as FlagDefinition);
      const head = heads[0];
      const cursor = `${head?.epoch}.${head?.revision}.${head?.mark}`;
      return { cursor, state: new Map(flags.map((flag) => [flag.id, flag])) };
    });
  }
}
