import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SHARED_POSTGRES } from '../support/fresh-database.js';
import { startPostgres, type TestPostgres } from '../support/postgres.js';
import { disposeServers, startServer, type DatabaseKind, type ServerOptions, type TestServer } from '../support/server.js';
import { type Environment } from '../support/server-process.js';
import { TcpProxy } from '../support/tcp-proxy.js';

/**
 * The servers that checks have in common, since a start is what takes longest. `shared`: nobody may stop it, each check works in
 * a project of its own. `second`: beside it on the same database, PostgreSQL only; its listening connection goes through
 * `listenProxy`. `restartable`: may be stopped and killed, and has to be started again. `newcomer`: without an admin token.
 */
export type Role = 'shared' | 'second' | 'restartable' | 'newcomer';

/** Pings and heartbeats come in seconds rather than half minutes, so that nobody waits for them. */
const SETTINGS: Record<Role, Environment> = {
  shared: { FLAGWIRE_PING_S: '1', FLAGWIRE_HEARTBEAT_S: '1' },
  second: {},
  restartable: { FLAGWIRE_DRAIN_S: '0.5', FLAGWIRE_RETRY_MIN_MS: '200', FLAGWIRE_RETRY_MAX_MS: '500' },
  newcomer: { NODE_ENV: undefined, FLAGWIRE_ADMIN_TOKEN: undefined },
};

export class Lab {
  /** Every key and token that a check was given by a shared server. */
  readonly secrets = new Set<string>();
  /** The checks under way. */
  readonly benches = new Set<{ close(): Promise<void> }>();
  readonly #servers = new Map<string, Promise<TestServer>>();
  #postgres: Promise<TestPostgres> | undefined;
  #listenProxy: Promise<TcpProxy> | undefined;
  #closing: Promise<void> | undefined;
  /** Everything that a run writes is in here. */
  readonly #folder = mkdtempSync(join(tmpdir(), 'flagwire-verify-'));

  /** The run is over, or was interrupted. */
  get isClosing(): boolean {
    return this.#closing !== undefined;
  }

  /** An empty folder; removed at the end of the run. */
  folder(): string {
    return mkdtempSync(join(this.#folder, 'f-'));
  }

  /** @throws Error where the server does not start. */
  start(options: ServerOptions): Promise<TestServer> {
    return startServer({ dataDir: this.folder(), ...options });
  }

  /** PostgreSQL for `database: 'postgres'` of servers. One that the environment names is used as it is. */
  async prepare(database: DatabaseKind): Promise<void> {
    if (database !== 'postgres' || process.env[SHARED_POSTGRES] !== undefined) return;
    this.#postgres ??= startPostgres();
    process.env[SHARED_POSTGRES] = (await this.#postgres).url;
  }

  /** A new one where the last has ended. */
  async server(role: Role, database: DatabaseKind): Promise<TestServer> {
    const name = `${role} on ${database}`;
    const present = await this.#servers.get(name);
    if (present?.isRunning === true) return present;
    const started = role === 'second' ? this.#startSecond() : this.start({ database, env: SETTINGS[role] });
    this.#servers.set(name, started);
    const server = await started;
    this.secrets.add(server.adminToken);
    return server;
  }

  /** What `second` hears of other nodes comes through here. */
  async listenProxy(): Promise<TcpProxy> {
    const { databaseUrl } = await this.server('shared', 'postgres');
    this.#listenProxy ??= TcpProxy.start(databaseUrl);
    return this.#listenProxy;
  }

  /** What a server printed that ended by itself; null where none did. */
  async crash(database: DatabaseKind): Promise<string | null> {
    const names = [...this.#servers.keys()].filter((name) => name.endsWith(database));
    const crashes = await Promise.all(names.map(async (name) => (await this.#servers.get(name))?.crash() ?? null));
    return crashes.find((crash) => crash !== null) ?? null;
  }

  /** Ends every server that is still there, of checks under way too, and PostgreSQL. May be called again. */
  close(): Promise<void> {
    this.#closing ??= this.#end();
    return this.#closing;
  }

  async #end(): Promise<void> {
    try {
      await Promise.allSettled([...this.benches].map((bench) => bench.close()));
      await (await this.#listenProxy)?.stop();
      await disposeServers();
    } finally {
      delete process.env[SHARED_POSTGRES];
      await (await this.#postgres)?.stop();
      rmSync(this.#folder, { recursive: true, force: true });
    }
  }

  async #startSecond(): Promise<TestServer> {
    const { databaseUrl } = await this.server('shared', 'postgres');
    const proxy = await this.listenProxy();
    const env = { ...SETTINGS.second, DATABASE_LISTEN_URL: proxy.through(databaseUrl) };
    return this.start({ database: databaseUrl, env });
  }
}
