import { Injectable, Logger, type OnApplicationShutdown } from '@nestjs/common';
import pg from 'pg';
import { Subject } from 'rxjs';
import { type EntityManager } from 'typeorm';
import { Config } from '../config/config.js';
import { Database } from '../database/database.js';
import { CHANNEL, Echoes } from './echoes.js';
import { type Hearing, WakeUps } from './wake-ups.js';

const FIRST_RETRY_MS = 250;
const LONGEST_RETRY_MS = 10_000;
/** Each attempt leaves a LISTEN behind on a connection of the pooler. */
const DEAF_RETRY_MS = 60_000;

/**
 * NOTIFY in the writing transaction; LISTEN on a session connection of its own, connected again whenever it breaks, or is found to
 * bring nothing.
 */
@Injectable()
export class PgWakeUps extends WakeUps implements OnApplicationShutdown {
  readonly hints = new Subject<void>();
  hearing: Hearing = 'disconnected';
  received = 0;
  private readonly logger = new Logger('WakeUps');
  private readonly echoes: Echoes;
  private client: pg.Client | null = null;
  private retry: NodeJS.Timeout | null = null;
  private delay = FIRST_RETRY_MS;
  private stopped = false;

  constructor(
    private readonly config: Config,
    database: Database,
  ) {
    super();
    this.echoes = new Echoes(database);
  }

  async announce(manager: EntityManager, environmentId: string): Promise<void> {
    await manager.query('SELECT pg_notify($1, $2)', [CHANNEL, environmentId]);
  }

  start(): void {
    void this.connect();
  }

  async onApplicationShutdown(): Promise<void> {
    this.stopped = true;
    if (this.retry !== null) clearTimeout(this.retry);
    this.echoes.stop();
    await this.client?.end().catch(() => undefined);
  }

  private async connect(): Promise<void> {
    const client = new pg.Client({
      connectionString: this.config.listenUrl ?? this.config.databaseUrl,
      connectionTimeoutMillis: this.config.connectTimeoutMs,
      query_timeout: this.config.connectTimeoutMs,
      application_name: 'flagwire listener',
      keepAlive: true,
      keepAliveInitialDelayMillis: 10_000,
    });
    this.client = client;
    client.on('error', (error) => this.lost(client, error));
    client.on('end', () => this.lost(client, new Error('the connection was closed')));
    client.on('notification', ({ payload = '' }) => {
      if (this.echoes.take(payload)) return;
      this.received += 1;
      this.hints.next();
    });
    try {
      await client.connect();
      await client.query(`LISTEN ${CHANNEL}`);
    } catch (error) {
      this.lost(client, error as Error);
      return;
    }
    if (this.client !== client || this.stopped) return;
    // What was committed while nobody listened was never hinted at.
    this.hints.next();
    this.echoes.watch((arrive) => this.note(client, arrive));
  }

  /** @param arrive whether what was sent on another connection came on this one. */
  private note(client: pg.Client, arrive: boolean): void {
    if (this.client !== client || this.stopped) return;
    if (arrive) {
      if (this.hearing === 'deaf') this.logger.log('Wake-ups arrive');
      this.hearing = 'ok';
      this.delay = FIRST_RETRY_MS;
    } else if (this.hearing === 'ok') {
      this.lost(client, new Error('it is open, and brings nothing any more'));
    } else {
      this.deaf(client);
    }
  }

  private deaf(client: pg.Client): void {
    if (this.hearing !== 'deaf') {
      const advice = 'Behind a pooler in transaction mode set DATABASE_LISTEN_URL to the database itself';
      this.logger.warn(
        `LISTEN was answered and brings nothing; the log is read every ${this.config.tailMs} ms instead. ${advice}`,
      );
    }
    this.hearing = 'deaf';
    // Most often on the connection that has the LISTEN: who gets that one next has no use for it.
    const over = () => this.client === client && this.drop(client, DEAF_RETRY_MS);
    client.query('UNLISTEN *').then(over, over);
  }

  private lost(client: pg.Client, error: Error): void {
    if (this.client !== client || this.stopped) return;
    if (this.hearing === 'ok')
      this.logger.warn(
        `The listening connection is lost (${error.message}); the log is read every ${this.config.tailMs} ms meanwhile`,
      );
    this.hearing = 'disconnected';
    this.drop(client, this.delay);
    this.delay = Math.min(this.delay * 2, LONGEST_RETRY_MS);
  }

  private drop(client: pg.Client, retryMs: number): void {
    this.client = null;
    this.echoes.stop();
    client.end().catch(() => undefined);
    this.retry = setTimeout(() => void this.connect(), retryMs);
  }
}
