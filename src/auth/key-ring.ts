import { Injectable, Logger, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import { type GoodbyeReason } from '@flagwire/protocol/sync';
import { type Observable, Subject, type Subscription } from 'rxjs';
import { In, IsNull, MoreThan } from 'typeorm';
import { ChangeFeed, type FeedUpdate } from '../changes/change-feed.js';
import { Clock, isoTime } from '../common/clock.js';
import { DatabaseUnavailable, Unauthenticated } from '../common/errors.js';
import { within } from '../common/within.js';
import { Config } from '../config/config.js';
import { Database } from '../database/database.js';
import { expiryOf, KeyLookups, type KeyName } from './key-lookups.js';
import { KeyNotChecked } from './key-not-checked.js';
import { type Refusal, UNKNOWN } from './key-refusals.js';
import { isExpired, KeyTable, type LiveKey } from './key-table.js';
import { ReloadQueue } from './reload-queue.js';
import { SdkKey } from './sdk-key.entity.js';
import { type PresentedSecret, sameHash } from './secret-format.js';

/** Environments in one query: below the number of parameters that either database takes. */
const BATCH = 100;
const REFRESH_MS = 1000;
/** An expired key is loaded for this long, so that its end is told apart from a revocation. */
const EXPIRED_KEPT_MS = 24 * 3600 * 1000;

/** A key whose connections have to end. */
export interface KeyDeath {
  readonly keyId: string;
  readonly reason: Extract<GoodbyeReason, 'key_revoked' | 'key_expired' | 'environment_deleted' | 'stale'>;
}

const REFUSALS = {
  unknown: ['unknown_key', 'This key is not known to the server. It may belong to another server.'],
  revoked: ['revoked_key', 'This key has been revoked. Use another one.'],
  expired: ['expired_key', 'This key has expired. Use another one.'],
} as const satisfies Record<Refusal['reason'], readonly [code: string, message: string]>;

function refuse(reason: Refusal['reason']): Unauthenticated {
  const [code, message] = REFUSALS[reason];
  return new Unauthenticated(code, message);
}

/** What a request is answered whose key died while it waited: the same as the next one. */
export function refusalOf({ reason }: KeyDeath): Unauthenticated | KeyNotChecked {
  switch (reason) {
    case 'stale':
      return new KeyNotChecked('stale');
    case 'key_expired':
      return refuse('expired');
    case 'key_revoked':
      return refuse('revoked');
    case 'environment_deleted':
      return refuse('unknown');
  }
}

function liveKeyOf(row: SdkKey): LiveKey {
  const { id, environmentId, kind, selector, allowedOrigins } = row;
  return {
    id,
    environmentId,
    kind,
    selector,
    allowedOrigins,
    expiresAt: expiryOf(row),
    secretHash: Buffer.from(row.secretHash, 'hex'),
  };
}

/**
 * The live keys of every environment, in memory. They follow the same road as flags: the feed says that an environment's keys
 * changed, and in the same turn they are read again, until that succeeds. Expiry is looked for every `expirySweepMs`.
 *
 * Whoever holds a connection for a key subscribes to `died`, and asks `endingOf` in the turn in which the connection joins: the
 * key may have died between its verification and then.
 */
@Injectable()
export class KeyRing implements OnModuleInit, OnApplicationShutdown {
  /** Once for each key that ends. `stale` for every key at once; those keys come back when the database does. */
  readonly died: Observable<KeyDeath>;
  private readonly deaths = new Subject<KeyDeath>();
  private readonly logger = new Logger('KeyRing');
  private readonly table = new KeyTable();
  private readonly lookups: KeyLookups;
  private readonly reloads: ReloadQueue;
  private readonly following: Subscription;
  private sweeper: NodeJS.Timeout | null = null;
  private isCut = false;
  private isFailing = false;

  constructor(
    private readonly database: Database,
    private readonly feed: ChangeFeed,
    private readonly config: Config,
    private readonly clock: Clock,
  ) {
    this.died = this.deaths.asObservable();
    this.lookups = new KeyLookups(database, clock);
    this.reloads = new ReloadQueue(
      { load: (ids) => this.load(ids), onFailure: (error) => this.noteFailure(error), retryMs: config.tailMs },
      clock,
    );
    // Here and not in a hook: the feed may emit as soon as another module's hook starts it.
    this.following = feed.updates.subscribe((update) => this.follow(update));
  }

  onModuleInit(): void {
    this.sweeper = setInterval(() => this.sweep(), this.config.expirySweepMs);
  }

  onApplicationShutdown(): void {
    if (this.sweeper !== null) clearInterval(this.sweeper);
    this.following.unsubscribe();
    this.reloads.stop();
  }

  /**
   * The live key with this secret; one that is not held is looked up.
   * @throws Unauthenticated
   * @throws DatabaseUnavailable, KeyNotChecked where nobody can tell now.
   */
  async withSecret({ kind, selector, secretHash }: PresentedSecret): Promise<LiveKey> {
    const key = await this.find({ selector });
    const isOwner = key.secretHash !== null && sameHash(key.secretHash, secretHash);
    if ('reason' in key) throw refuse(isOwner ? key.reason : 'unknown');
    // The letters in front are under the checksum only: whoever has a client key can write a server key's.
    if (!isOwner || key.kind !== kind) throw refuse('unknown');
    return key;
  }

  /**
   * The live key of a ticket, which says truly that there was such a key.
   * @throws as `withSecret`
   */
  async withId(id: string): Promise<LiveKey> {
    const key = await this.find({ id });
    if ('reason' in key) throw refuse(key.reason);
    return key;
  }

  /** Whether connections of this key may go on. */
  isLive(keyId: string): boolean {
    return this.endingOf(keyId) === null;
  }

  /** Why connections of this key may not go on; null: they may. */
  endingOf(keyId: string): KeyDeath['reason'] | null {
    const key = this.table.withId(keyId);
    if (key !== undefined && !isExpired(key, this.clock.now())) return this.isStale() ? 'stale' : null;
    const isOver = key !== undefined || this.lookups.remembered({ id: keyId })?.reason === 'expired';
    return isOver ? 'key_expired' : 'key_revoked';
  }

  /** Reads the environment's keys again, and gives up after a second: for a writer, before it answers. */
  async refresh(environmentId: string): Promise<void> {
    const read = this.reloads.request(environmentId);
    // The write is committed: what cannot be read now is read later.
    await within(read, REFRESH_MS, () => new DatabaseUnavailable()).catch(() => undefined);
  }

  /** For a preflight, which carries no key. */
  anyLiveKeyAllows(origin: string): boolean {
    return this.table.allows(origin);
  }

  private async find(name: KeyName): Promise<LiveKey | Refusal> {
    if (this.isStale()) throw new KeyNotChecked('stale');
    const held = this.held(name);
    if (held !== undefined) return held;
    const found = await this.lookups.find(name);
    if ('reason' in found) return found;
    // Not taken from the row that was found: by now it may be revoked. The queue brings rows in their order.
    await this.reloads.request(found.environmentId);
    return this.held(name) ?? UNKNOWN;
  }

  private held(name: KeyName): LiveKey | undefined {
    const key = 'selector' in name ? this.table.withSelector(name.selector) : this.table.withId(name.id);
    if (key === undefined || !isExpired(key, this.clock.now())) return key;
    this.sweep();
    return undefined;
  }

  private follow(update: FeedUpdate): void {
    if (update.kind === 'changed') return;
    this.lookups.forgetRefusals();
    const environmentId = update.kind === 'reset' ? update.replica.environment.id : update.environmentId;
    if (update.kind === 'removed') {
      this.reloads.disregard(environmentId);
      for (const key of this.table.replace(environmentId, [])) this.deaths.next({ keyId: key.id, reason: 'environment_deleted' });
    }
    // What a failure means for the keys is told by `noteFailure`.
    this.reloads.request(environmentId).catch(() => undefined);
  }

  private async load(environmentIds: ReadonlySet<string>): Promise<void> {
    const ids = [...environmentIds];
    for (let start = 0; start < ids.length; start += BATCH) {
      const batch = ids.slice(start, start + BATCH);
      const rows = await this.rowsOf(batch);
      for (const id of batch) if (environmentIds.has(id)) this.install(id, rows);
    }
    if (this.isFailing) this.logger.log('Keys can be read again');
    this.isFailing = false;
  }

  private rowsOf(environmentIds: readonly string[]): Promise<SdkKey[]> {
    const unrevoked = { environmentId: In([...environmentIds]), revokedAt: IsNull() };
    const recent = MoreThan(isoTime(this.clock.now() - EXPIRED_KEPT_MS));
    return this.database.read((manager) =>
      manager.find(SdkKey, {
        where: [
          { ...unrevoked, expiresAt: IsNull() },
          { ...unrevoked, expiresAt: recent },
        ],
      }),
    );
  }

  private install(environmentId: string, rows: readonly SdkKey[]): void {
    const now = this.clock.now();
    const unrevoked = rows.filter((row) => row.environmentId === environmentId).map(liveKeyOf);
    const expired = new Set(unrevoked.filter((key) => isExpired(key, now)).map((key) => key.id));
    const live = unrevoked.filter((key) => !expired.has(key.id));
    for (const key of this.table.replace(environmentId, live)) {
      this.end(key, expired.has(key.id) || isExpired(key, now) ? 'expired' : 'revoked');
    }
  }

  private end(key: LiveKey, reason: 'revoked' | 'expired'): void {
    this.lookups.bury(key, reason);
    this.deaths.next({ keyId: key.id, reason: reason === 'expired' ? 'key_expired' : 'key_revoked' });
  }

  private sweep(): void {
    for (const key of this.table.expire(this.clock.now())) this.end(key, 'expired');
    const isStale = this.isStale();
    if (isStale && !this.isCut) for (const key of this.table.all()) this.deaths.next({ keyId: key.id, reason: 'stale' });
    this.isCut = isStale;
  }

  /** Counts from when the log was last read, or from when a change of keys was heard of that still cannot be read. */
  private isStale(): boolean {
    const { keysFailClosedMs } = this.config;
    return keysFailClosedMs !== null && Math.max(this.feed.ageMs(), this.reloads.overdueMs()) > keysFailClosedMs;
  }

  private noteFailure(error: unknown): void {
    if (!this.isFailing) this.logger.warn(`Keys cannot be read, those that are known go on: ${String(error)}`);
    this.isFailing = true;
  }
}
