import { createHmac, randomBytes } from 'node:crypto';
import { Injectable, Logger, type OnApplicationShutdown } from '@nestjs/common';
import { type Subscription } from 'rxjs';
import { ChangeFeed } from '../changes/change-feed.js';
import { Clock, isoTime } from '../common/clock.js';
import { Config } from '../config/config.js';
import { Database } from '../database/database.js';
import { ReloadQueue } from './reload-queue.js';
import { ServerSecret } from './server-secret.entity.js';

const NAME = 'ticket';
const BYTES = 32;
/** Texts whose signatures are remembered. */
const MOST_SIGNED = 1000;

/**
 * What the nodes of one database sign tickets with. Made by the first node that needs it; read again whenever the feed loads an
 * environment anew, since the database may be a restored one.
 */
@Injectable()
export class ServerSecrets implements OnApplicationShutdown {
  private readonly logger = new Logger('ServerSecrets');
  private readonly reloads: ReloadQueue;
  private readonly following: Subscription;
  private held: Buffer | null = null;
  /** With `held`, lately: an application is given the same stream token all day. */
  private readonly signed = new Map<string, Buffer>();

  constructor(
    private readonly database: Database,
    private readonly clock: Clock,
    feed: ChangeFeed,
    config: Config,
  ) {
    const onFailure = (error: unknown) => this.logger.debug(`The ticket secret cannot be read: ${String(error)}`);
    this.reloads = new ReloadQueue({ load: () => this.load(), onFailure, retryMs: config.tailMs }, clock);
    this.following = feed.updates.subscribe(({ kind }) => {
      if (kind === 'reset') this.reloads.request(NAME).catch(() => undefined);
    });
  }

  onApplicationShutdown(): void {
    this.following.unsubscribe();
    this.reloads.stop();
  }

  /**
   * HMAC-SHA-256 of a text; 32 bytes. Each kind of text begins otherwise, so that none is ever taken for another.
   * @throws DatabaseUnavailable where this node has never read the secret and cannot now.
   */
  async sign(text: string): Promise<Buffer> {
    if (this.held === null) await this.reloads.request(NAME);
    const signature = this.signNow(text);
    if (signature === null) throw new TypeError('The ticket secret was loaded and is not there');
    return signature;
  }

  /** The same in this turn; null: this node has not read the secret yet. */
  signNow(text: string): Buffer | null {
    if (this.held === null) return null;
    const known = this.signed.get(text);
    if (known !== undefined) return known;
    const signature = createHmac('sha256', this.held).update(text).digest();
    if (this.signed.size >= MOST_SIGNED) this.signed.clear();
    this.signed.set(text, signature);
    return signature;
  }

  private async load(): Promise<void> {
    const value = (await this.read()) ?? (await this.make());
    this.held = Buffer.from(value, 'hex');
    this.signed.clear();
  }

  private async read(): Promise<string | null> {
    const row = await this.database.read((manager) => manager.findOneBy(ServerSecret, { name: NAME }));
    return row?.value ?? null;
  }

  /** Several nodes may do this at once: the first row stays, and all read it. */
  private async make(): Promise<string> {
    return this.database.write(async (manager) => {
      const row = { name: NAME, value: randomBytes(BYTES).toString('hex'), createdAt: isoTime(this.clock.now()) };
      await manager.createQueryBuilder().insert().into(ServerSecret).values(row).orIgnore().execute();
      return (await manager.findOneByOrFail(ServerSecret, { name: NAME })).value;
    });
  }
}
