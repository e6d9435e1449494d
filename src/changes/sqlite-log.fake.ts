import { type Cursor, type FlagDefinition } from '@flagwire/protocol/sync';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DataSource, type EntityManager } from 'typeorm';
import { FakeClock } from '../common/clock.fake.js';
import { DatabaseUnavailable } from '../common/errors.js';
import { FakeRandom } from '../common/random.fake.js';
import { RequestContext } from '../common/request-context.js';
import { type Config, readConfig } from '../config/config.js';
import { Database } from '../database/database.js';
import { dataSourceOptions } from '../database/data-source-options.js';
import { type FeedUpdate } from './change-feed.js';
import { type Appended, ChangeLog } from './change-log.js';
import { type FlagContent } from './change-set.js';
import { Change } from './change.entity.js';
import { EnvironmentHead } from './environment-head.entity.js';
import { FlagState } from './flag-state.entity.js';
import { LogReader } from './log-reader.js';
import { LogTail } from './log-tail.js';
import { SqliteWakeUps } from './sqlite-wake-ups.js';

const DATE = '2026-06-01T00:00:00.000Z';

export function content(id: string, more: Partial<FlagContent> = {}): FlagContent {
  return {
    id,
    name: id,
    description: '',
    status: 'enabled',
    value_type: 'boolean',
    variants: { on: true, off: false },
    default_variant: 'off',
    targeting: {},
    metadata: { created_at: DATE, tags: [], owner: null, critical: false },
    ...more,
  };
}

/** A reader whose database can be taken away, and that counts rounds. */
class CuttableReader extends LogReader {
  isAway = false;
  rounds = 0;
  /** What happens between a reading of the heads and its answer, once. */
  meanwhile: (() => Promise<unknown>) | null = null;

  override async heads(): Promise<EnvironmentHead[]> {
    if (this.isAway) throw new DatabaseUnavailable();
    this.rounds += 1;
    const heads = await super.heads();
    const { meanwhile } = this;
    this.meanwhile = null;
    await meanwhile?.();
    return heads;
  }
}

/** The log and its tail on a SQLite file of their own, with one project and the environment `production`. */
export class SqliteLog {
  readonly clock = new FakeClock();
  readonly requests = new RequestContext();
  readonly database: Database;
  readonly log: ChangeLog;
  readonly reader: CuttableReader;
  readonly tail: LogTail;
  readonly updates: FeedUpdate[] = [];
  private readonly directory = mkdtempSync(join(tmpdir(), 'flagwire-log-'));
  private readonly writer: DataSource;
  private written = 0;

  private constructor(settings: Record<string, string>) {
    const config: Config = readConfig({ DATABASE_URL: `sqlite:${join(this.directory, 'test.db')}`, ...settings });
    this.writer = new DataSource({ ...dataSourceOptions(config), entities: [EnvironmentHead, Change, FlagState] });
    this.database = new Database(this.writer, config);
    this.reader = new CuttableReader(this.database);
    const wakeUps = new SqliteWakeUps();
    this.log = new ChangeLog(this.database, this.clock, new FakeRandom(), wakeUps, this.requests);
    this.tail = new LogTail(this.reader, wakeUps, this.clock, config);
    this.tail.updates.subscribe((update) => this.updates.push(update));
  }

  static async open(settings: Record<string, string> = {}): Promise<SqliteLog> {
    const log = new SqliteLog(settings);
    await log.database.open();
    await log.sql(
      `INSERT INTO project (id, key, name, created_at, updated_at) VALUES ('p', 'shop', 'Shop', '${DATE}', '${DATE}')`,
    );
    await log.begin('production');
    return log;
  }

  /** A new environment, whose id is its key. */
  begin(key: string): Promise<EnvironmentHead> {
    return this.database.write(async (manager) => {
      await manager.query(
        `INSERT INTO environment (id, project_id, key, name, created_at, updated_at) VALUES ('${key}', 'p', '${key}', '${key}', '${DATE}', '${DATE}')`,
      );
      return this.log.begin(manager, key);
    });
  }

  /** One change set; null deletes. */
  write(flags: Record<string, FlagContent | null>, environment = 'production'): Promise<Appended> {
    return this.database.write((manager) => this.append(manager, flags, environment));
  }

  async append(manager: EntityManager, flags: Record<string, FlagContent | null>, environment = 'production'): Promise<Appended> {
    const head = (await this.log.lockHeads(manager, [environment])).get(environment);
    if (head === undefined) throw new Error('no head');
    return this.log.append(manager, head, { flags: new Map(Object.entries(flags)), actor: 'test', comment: null });
  }

  /** `count` change sets, each of one flag, in one transaction. */
  writeMany(count: number, id = 'a'): Promise<Cursor> {
    return this.database.write(async (manager) => {
      const { cursor } = await this.append(manager, { [id]: content(id, { description: this.another() }) });
      let last = cursor;
      for (let index = 1; index < count; index++) {
        last = (await this.append(manager, { [id]: content(id, { description: this.another() }) })).cursor;
      }
      return last;
    });
  }

  private another(): string {
    this.written += 1;
    return `change ${this.written}`;
  }

  /** Behind everybody's back, as a restored back-up would come. */
  sql(statement: string): Promise<unknown> {
    return this.database.write((manager) => manager.query(statement));
  }

  get definitions(): FlagDefinition[] {
    return (this.tail.replica('production')?.flags(null) ?? []).map(({ definition }) => definition);
  }

  /** The kinds of update since the last call, keys apart. */
  news(): string[] {
    return this.updates.splice(0).flatMap(({ kind }) => (kind === 'keys' ? [] : [kind]));
  }

  async close(): Promise<void> {
    await this.tail.onApplicationShutdown();
    await this.database.onApplicationShutdown();
    await this.writer.destroy();
    rmSync(this.directory, { recursive: true });
  }
}

/** A database that has not been opened: whatever is asked, it cannot tell. */
export function closedDatabase(): Database {
  const config = readConfig({ DATABASE_URL: 'sqlite:never-opened.db' });
  return new Database(new DataSource({ ...dataSourceOptions(config), entities: [] }), config);
}
