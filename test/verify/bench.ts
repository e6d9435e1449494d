import { startPostgres, type PostgresOptions, type TestPostgres } from '../support/postgres.js';
import { RawHttp, type RawHttpOptions } from '../support/raw-http.js';
import { type DatabaseKind, type ServerOptions, type TestServer } from '../support/server.js';
import { SseProbe, type SseOptions } from '../support/sse-client.js';
import { TcpProxy } from '../support/tcp-proxy.js';
import { type Lab } from './lab.js';
import { PATIENCE_MS } from './patience.js';
import { Workspace } from './workspace.js';

/** What one check works with on one database; whatever it starts here is ended after it. */
export class Bench {
  readonly #endings: (() => Promise<unknown> | void)[] = [];

  constructor(
    readonly database: DatabaseKind,
    readonly lab: Lab,
  ) {}

  /** Runs at the end of the check, the last first. */
  defer(ending: () => Promise<unknown> | void): void {
    this.#endings.push(ending);
  }

  /** The server that checks share: they must not stop it, and work in projects of their own. */
  shared(): Promise<TestServer> {
    return this.lab.server('shared', this.database);
  }

  /** The server that checks share to stop and to kill. */
  restartable(): Promise<TestServer> {
    return this.lab.server('restartable', this.database);
  }

  /** The shared server, and on PostgreSQL the second node beside it. */
  async nodes(): Promise<[TestServer, ...TestServer[]]> {
    const first = await this.shared();
    return this.database === 'sqlite' ? [first] : [first, await this.lab.server('second', this.database)];
  }

  /** A server for this check alone, on a new database unless another is named. */
  async start(options: ServerOptions = {}): Promise<TestServer> {
    const server = await this.lab.start({ database: this.database, ...options });
    this.defer(() => server.dispose());
    return server;
  }

  /** A new project with one environment and a server key for it, on the shared server unless another is named. */
  async workspace(server?: TestServer): Promise<Workspace> {
    return Workspace.make(this, server ?? (await this.shared()));
  }

  /** A stream once its first sync is through. */
  async stream(options: SseOptions): Promise<SseProbe> {
    const probe = await this.open(options);
    await probe.waitForSync(PATIENCE_MS);
    return probe;
  }

  /** A stream whose head is there. */
  async open(options: SseOptions): Promise<SseProbe> {
    const probe = await SseProbe.connect({ timeoutMs: PATIENCE_MS, ...options });
    this.defer(() => probe.close());
    return probe;
  }

  async raw(options: RawHttpOptions): Promise<RawHttp> {
    const client = await RawHttp.connect(options);
    this.defer(() => client.destroy());
    return client;
  }

  async proxy(upstream: string | number): Promise<TcpProxy> {
    const proxy = await TcpProxy.start(upstream);
    this.defer(() => proxy.stop());
    return proxy;
  }

  /** A PostgreSQL for this check alone, which it may halt. */
  async postgres(options: PostgresOptions = {}): Promise<TestPostgres> {
    const postgres = await startPostgres(options);
    this.defer(() => postgres.stop());
    return postgres;
  }

  folder(): string {
    return this.lab.folder();
  }

  /** @throws AggregateError of what could not be ended. */
  async close(): Promise<void> {
    const failures: unknown[] = [];
    for (const ending of this.#endings.splice(0).reverse()) {
      try {
        await ending();
      } catch (error) {
        failures.push(error);
      }
    }
    if (failures.length > 0) throw new AggregateError(failures, `could not be ended: ${failures.map(String).join('; ')}`);
  }
}
