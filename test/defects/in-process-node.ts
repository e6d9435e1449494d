import { mkdtempSync, rmSync } from 'node:fs';
import { type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from '@jest/globals';
import { type NestExpressApplication } from '@nestjs/platform-express';
import { Test } from '@nestjs/testing';
import { Subject } from 'rxjs';
import { AppModule } from '../../src/app.module.js';
import { ChangeFeed } from '../../src/changes/change-feed.js';
import { ChangeLog } from '../../src/changes/change-log.js';
import { type FlagContent } from '../../src/changes/change-set.js';
import { type EnvironmentReplica } from '../../src/changes/environment-replica.js';
import { Clock } from '../../src/common/clock.js';
import { Config, readConfig } from '../../src/config/config.js';
import { type Settings } from '../../src/config/settings.js';
import { DatabaseStart } from '../../src/database/database-start.js';
import { Database } from '../../src/database/database.js';
import { FirstStart } from '../../src/flags/first-start.js';
import { Front } from '../../src/front/front.js';
import { configureHttp } from '../../src/http.js';
import { HttpAdapter, type InFront } from '../../src/http-adapter.js';
import { AdminClient } from '../support/admin-client.js';
import { freshDatabase, type FreshDatabase } from '../support/fresh-database.js';
import { ADMIN_TOKEN } from '../support/server.js';
import { SseProbe, type SseOptions } from '../support/sse-client.js';

export interface NodeOptions {
  /** Default: a SQLite file of its own. */
  databaseUrl?: string;
  /** By their names in code; also values that no operator could set. */
  settings?: Partial<Settings>;
  clock?: Clock;
}

/** A whole node in this process: the application with its real parts, on a real socket and a real database. */
export class InProcessNode {
  private constructor(
    private readonly app: NestExpressApplication,
    private readonly adapter: HttpAdapter,
    private readonly folder: string,
  ) {}

  static async start({ databaseUrl, settings, clock }: NodeOptions = {}): Promise<InProcessNode> {
    const folder = mkdtempSync(join(tmpdir(), 'flagwire-node-'));
    const read = readConfig({
      DATABASE_URL: databaseUrl ?? `sqlite:${join(folder, 'flagwire.db')}`,
      FLAGWIRE_ADMIN_TOKEN: ADMIN_TOKEN,
    });
    const config = new Config({ ...read, ...settings });
    const building = Test.createTestingModule({ imports: [AppModule] })
      .overrideProvider(Config)
      .useValue(config);
    if (clock !== undefined) building.overrideProvider(Clock).useValue(clock);
    const adapter = new HttpAdapter();
    const options = { logger: false, bodyParser: false, forceCloseConnections: true } as const;
    const app = (await building.compile()).createNestApplication<NestExpressApplication>(adapter, options);
    configureHttp(app, config);
    adapter.putInFront(app.get(Front).takes);
    await app.listen(0, '127.0.0.1');
    await app.get(DatabaseStart).opened();
    await app.get(FirstStart).run(false);
    app.get(ChangeFeed).start();
    await app.get(ChangeFeed).catchUp();
    return new InProcessNode(app, adapter, folder);
  }

  get url(): string {
    return `http://127.0.0.1:${(this.app.getHttpServer().address() as AddressInfo).port}`;
  }

  get admin(): AdminClient {
    return new AdminClient(this.url, ADMIN_TOKEN);
  }

  /** One of the parts that it is made of. */
  part<T>(type: abstract new (...args: never[]) => T): T {
    return this.app.get<T>(type);
  }

  /** Puts something else there than the product's own. */
  putInFront(front: InFront): void {
    this.adapter.putInFront(front);
  }

  get replica(): EnvironmentReplica {
    const found = [...this.part(ChangeFeed).all()].find(({ environment }) => environment.key === 'production');
    if (found === undefined) throw new Error('the node has not loaded the environment');
    return found;
  }

  /** How many follow its feed: its own parts, and whoever waits for news. */
  get followers(): number {
    const { updates } = this.part(ChangeFeed);
    if (!(updates instanceof Subject)) throw new TypeError('the feed does not count its followers any more');
    return (updates as Subject<unknown>).observers.length;
  }

  /** A new server key of `production`. */
  async key(): Promise<string> {
    return (await this.admin.createKey('production')).key;
  }

  /** A stream that has had its first sync. */
  async stream(options: Partial<SseOptions> & { key: string }): Promise<SseProbe> {
    const probe = await SseProbe.connect({ url: this.url, ...options });
    await probe.waitForSync();
    return probe;
  }

  /**
   * One revision of `production`, beside all that a write over REST does to its own node; only the log knows the flag.
   * @param beforeCommit what happens between the append and the commit; where it throws nothing is written.
   */
  async append(id: string, description = '', beforeCommit: () => Promise<void> = () => Promise.resolve()): Promise<string> {
    const environmentId = this.replica.environment.id;
    const log = this.part(ChangeLog);
    return this.part(Database).write(async (manager) => {
      const head = (await log.lockHeads(manager, [environmentId])).get(environmentId);
      if (head === undefined) throw new Error('the environment has no head');
      const flags = new Map([[id, contentOf(id, description)]]);
      const { cursor } = await log.append(manager, head, { flags, actor: 'a test', comment: null });
      await beforeCommit();
      return `${cursor.epoch}.${cursor.revision}.${cursor.mark}`;
    });
  }

  async stop(): Promise<void> {
    await this.app.close();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

function contentOf(id: string, description: string): FlagContent {
  return {
    ...{ id, name: id, description, status: 'enabled', value_type: 'boolean', variants: { on: true, off: false } },
    ...{ default_variant: 'off', targeting: {} },
    metadata: { created_at: '2026-01-01T00:00:00.000Z', tags: [], owner: null, critical: false },
  };
}

/** Call it once in a test file: what is started through it ends with the file. */
export function useNodes() {
  const nodes: InProcessNode[] = [];
  const databases: FreshDatabase[] = [];
  afterAll(async () => {
    await Promise.all(nodes.map((node) => node.stop()));
    await Promise.all(databases.map((database) => database.drop()));
  });
  return {
    start: async (options: NodeOptions = {}): Promise<InProcessNode> => {
      const node = await InProcessNode.start(options);
      nodes.push(node);
      return node;
    },
    /** A new PostgreSQL database. */
    postgres: async (): Promise<FreshDatabase> => {
      const database = await freshDatabase('defects');
      databases.push(database);
      return database;
    },
  };
}
