import { Injectable, Logger, type OnApplicationShutdown } from '@nestjs/common';
import pg from 'pg';
import { Subject } from 'rxjs';
import { type EntityManager } from 'typeorm';
import { Config } from '../config/config.js';
import { WakeUps } from './wake-ups.js';

const CHANNEL = 'flagwire';
const FIRST_RETRY_MS = 250;
const LONGEST_RETRY_MS = 10_000;

/** NOTIFY in the writing transaction; LISTEN on a session connection of its own, connected again whenever it breaks. */
@Injectable()
export class PgWakeUps extends WakeUps implements OnApplicationShutdown {
  readonly hints = new Subject<void>();
  listening = false;
  received = 0;
  private readonly logger = new Logger('WakeUps');
  private client: pg.Client | null = null;
  private retry: NodeJS.Timeout | null = null;
  private delay = FIRST_RETRY_MS;
  private stopped = false;

  constructor(private readonly config: Config) {
    super();
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
    await this.client?.end().catch(() => undefined);
  }

  private async connect(): Promise<void> {
    const client = new pg.Client({
      connectionString: this.config.listenUrl ?? this.config.databaseUrl,
      connectionTimeoutMillis: this.config.connectTimeoutMs,
      application_name: 'flagwire listener',
      keepAlive: true,
      keepAliveInitialDelayMillis: 10_000,
    });
    this.client = client;
    client.on('error', (error) => this.lost(client, error));
    client.on('end', () => this.lost(client, new Error('the connection was closed')));
    client.on('notification', () => {
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
    if (this.client !== client) return;
    this.listening = true;
    this.delay = FIRST_RETRY_MS;
    // What was committed while nobody listened was never hinted at.
    this.hints.next();
  }

  private lost(client: pg.Client, error: Error): void {
    if (this.client !== client || this.stopped) return;
    this.client = null;
    if (this.listening)
      this.logger.warn(
        `The listening connection is lost (${error.message}); the log is read every ${this.config.tailMs} ms meanwhile`,
      );
    this.listening = false;
    client.end().catch(() => undefined);
    this.retry = setTimeout(() => void this.connect(), this.delay);
    this.delay = Math.min(this.delay * 2, LONGEST_RETRY_MS);
  }
}
