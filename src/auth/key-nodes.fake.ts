import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { firstValueFrom, Subject } from 'rxjs';
import { DataSource, type EntityManager } from 'typeorm';
import { ChangeFeed, type FeedUpdate } from '../changes/change-feed.js';
import { ChangeLog } from '../changes/change-log.js';
import { EnvironmentHead } from '../changes/environment-head.entity.js';
import { SqliteWakeUps } from '../changes/sqlite-wake-ups.js';
import { Clock } from '../common/clock.js';
import { DatabaseUnavailable, type DomainError } from '../common/errors.js';
import { RequestContext } from '../common/request-context.js';
import { SystemRandom } from '../common/random.js';
import { type Config, readConfig } from '../config/config.js';
import { Database } from '../database/database.js';
import { dataSourceOptions } from '../database/data-source-options.js';
import { AuditHead } from './audit/audit-head.entity.js';
import { AuditRecordRow } from './audit/audit-record.entity.js';
import { AuditTrail } from './audit/audit-trail.js';
import { EnvironmentNames } from './environment-names.js';
import { type KeyDeath, KeyRing } from './key-ring.js';
import { CredentialUsage } from './credential-usage.js';
import { SdkKey } from './sdk-key.entity.js';
import { SdkKeyVerifier } from './sdk-key-verifier.js';
import { type NewSdkKey, SdkKeys } from './sdk-keys.js';
import { ServerSecret } from './server-secret.entity.js';
import { ServerSecrets } from './server-secrets.js';
import { StreamTokens } from './stream-tokens.js';
import { Tickets } from './tickets.js';

export const ENV = 'environment-1';
export const START = Date.parse('2026-06-01T00:00:00Z');
export const ADMIN_TOKEN = 'a'.repeat(32);

export class HandClock extends Clock {
  time = START;
  now = () => this.time;
  monotonic = () => this.time;
}

/** A feed that says what the test lets it say. */
export class FakeFeed extends ChangeFeed {
  readonly updates = new Subject<FeedUpdate>();
  readonly loaded = true;
  readonly unreadable = 0;
  age = 0;
  replica = () => undefined;
  headRevision = () => undefined;
  all = () => [];
  start = () => undefined;
  ageMs = () => this.age;
  catchUp = () => Promise.resolve();
  since = () => Promise.resolve(null);
  reach = () => Promise.resolve();
}

/** The real database, which can be taken away, and counts. */
export class Cuttable extends Database {
  isAway = false;
  reads = 0;
  /** What happens between a read and its answer, once. */
  meanwhile: (() => Promise<void>) | null = null;

  override async read<T>(work: (manager: EntityManager) => Promise<T>): Promise<T> {
    this.reads += 1;
    if (this.isAway) throw new DatabaseUnavailable();
    const answer = await super.read(work);
    const { meanwhile } = this;
    this.meanwhile = null;
    await meanwhile?.();
    return answer;
  }
}

/** One node: the real services over a real database, with a feed and a clock in the test's hand. */
export class KeyNode {
  readonly clock = new HandClock();
  readonly feed = new FakeFeed();
  readonly deaths: KeyDeath[] = [];
  readonly ring: KeyRing;
  readonly keys: SdkKeys;
  readonly usage: CredentialUsage;
  readonly tickets: Tickets;
  readonly streamTokens: StreamTokens;
  readonly verifier: SdkKeyVerifier;

  constructor(
    readonly database: Cuttable,
    config: Config,
  ) {
    const { clock, feed } = this;
    this.keys = new SdkKeys(
      database,
      new ChangeLog(database, clock, new SystemRandom(), new SqliteWakeUps(), new RequestContext()),
      clock,
      new SystemRandom(),
      new AuditTrail(clock, new RequestContext()),
    );
    this.ring = new KeyRing(database, feed, config, clock);
    this.usage = new CredentialUsage(database, clock);
    const secrets = new ServerSecrets(database, clock, feed, config);
    this.tickets = new Tickets(secrets, this.ring, clock, config);
    this.streamTokens = new StreamTokens(secrets, this.ring, clock);
    this.verifier = new SdkKeyVerifier(this.ring, this.tickets, this.usage, new EnvironmentNames(feed, database), config);
    this.ring.died.subscribe((death) => this.deaths.push(death));
    this.ring.onModuleInit();
  }

  make(wanted: Partial<NewSdkKey> = {}) {
    const whole: NewSdkKey = { name: 'k', kind: 'server', expiresAt: null, allowedOrigins: [], ...wanted };
    return this.database.write((manager) => this.keys.create(manager, ENV, whole));
  }

  revoke(id: string): Promise<void> {
    return this.database.write((manager) => this.keys.revoke(manager, ENV, id));
  }

  rotate(id: string, graceSeconds: number) {
    return this.database.write((manager) => this.keys.rotate(manager, ENV, id, graceSeconds));
  }

  /** The feed has seen what was written; resolves with the next death. */
  async nextDeath(tell: () => void = () => this.hear()): Promise<KeyDeath> {
    const death = firstValueFrom(this.ring.died);
    tell();
    return death;
  }

  hear(): void {
    this.feed.updates.next({ kind: 'keys', environmentId: ENV });
  }

  /** `ok`, or the code of the refusal. */
  async knock(secret: string, origin?: string, env?: string): Promise<string> {
    return this.verifier.verify({ apiKey: secret }, origin, env).then(
      () => 'ok',
      (error: unknown) => (error as DomainError).code,
    );
  }

  close(): void {
    this.ring.onApplicationShutdown();
    this.usage.onApplicationShutdown();
  }
}

/** A new SQLite file for each test, and the nodes on it. */
export class KeyNodes {
  database!: Cuttable;
  private folder = '';
  private source!: DataSource;
  private readonly nodes: KeyNode[] = [];

  async open(): Promise<void> {
    this.folder = mkdtempSync(join(tmpdir(), 'flagwire-auth-'));
    const config = this.config({});
    this.source = new DataSource({
      ...dataSourceOptions(config),
      entities: [SdkKey, ServerSecret, EnvironmentHead, AuditHead, AuditRecordRow],
    });
    this.database = new Cuttable(this.source, config);
    await this.database.open();
    await this.database.write(async (manager) => {
      await manager.query(`INSERT INTO project VALUES ('p1', 'default', 'Default', 't', 't')`);
      await manager.query(`INSERT INTO environment VALUES ('${ENV}', 'p1', 'staging', 'Staging', 't', 't')`);
      await manager.query(`INSERT INTO environment_head VALUES ('${ENV}', 'aaaaaaaa', 0, 'bbbbbb', 't', 'bbbbbb', 't', 0)`);
    });
  }

  async close(): Promise<void> {
    for (const node of this.nodes.splice(0)) node.close();
    await this.database.onApplicationShutdown();
    await this.source.destroy();
    rmSync(this.folder, { recursive: true });
  }

  start(settings: Record<string, string> = {}): KeyNode {
    const node = new KeyNode(this.database, this.config(settings));
    this.nodes.push(node);
    return node;
  }

  private config(settings: Record<string, string>): Config {
    return readConfig({
      DATABASE_URL: `sqlite:${join(this.folder, 'test.db')}`,
      FLAGWIRE_ADMIN_TOKEN: ADMIN_TOKEN,
      FLAGWIRE_TAIL_MS: '10',
      FLAGWIRE_EXPIRY_SWEEP_MS: '10',
      ...settings,
    });
  }
}
