import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type FreshDatabase, freshDatabase } from '../../support/fresh-database.js';
import { startPostgres, type TestPostgres } from '../../support/postgres.js';
import { projectRoot } from '../../support/project-root.js';
import { disposeServers, startServer, type TestServer } from '../../support/server.js';
import { TcpProxy } from '../../support/tcp-proxy.js';
import { eventually } from '../../support/wait.js';
import { DatabaseSide } from './database.js';
import { type Link, NODES } from './schedule.js';

const MANY = '1000000';
const START_MS = 60_000;

/** Whatever a node or a client waits for is a tenth of what it is by default, so that four seconds hold a lot. */
export const SPEED = 10;
const STATEMENT_MS = 1000;
/** So long a node waits for an answer of its database: its driver gives it a second more than the database. */
export const DATABASE_SILENCE_MS = STATEMENT_MS + 1000;
const SETTINGS = {
  FLAGWIRE_PING_S: '1.5',
  FLAGWIRE_HEARTBEAT_S: '3',
  FLAGWIRE_STALL_S: '3',
  FLAGWIRE_RETRY_MIN_MS: '100',
  FLAGWIRE_RETRY_MAX_MS: '500',
  FLAGWIRE_DRAIN_S: '0.5',
  FLAGWIRE_DB_CONNECT_TIMEOUT_MS: '500',
  FLAGWIRE_DB_STATEMENT_TIMEOUT_MS: String(STATEMENT_MS),
  // So small that who was away for a while is told from the log.
  FLAGWIRE_RING_REVISIONS: '20',
  FLAGWIRE_LAG_BYTES: '8192',
  FLAGWIRE_TICKETS_PER_MINUTE: MANY,
  FLAGWIRE_MAX_PER_ADDRESS: MANY,
  FLAGWIRE_LOG_LEVEL: 'warn',
};

export interface Node {
  readonly server: TestServer;
  readonly links: Readonly<{ [name in Link]: TcpProxy }>;
}

/** Three nodes on one PostgreSQL, with a proxy on each way to, from and behind them. */
export class Cluster {
  readonly database: DatabaseSide;

  private constructor(
    readonly postgres: TestPostgres,
    readonly fresh: FreshDatabase,
    readonly nodes: readonly Node[],
  ) {
    this.database = new DatabaseSide(fresh.url);
  }

  /** @param env settings of the nodes beside those of the suite. */
  static async start(env: Readonly<{ [name: string]: string }> = {}): Promise<Cluster> {
    const postgres = await startPostgres();
    try {
      const fresh = await freshDatabase('faults', postgres.url);
      const nodes: Node[] = [];
      // One after the other: they share few cores.
      for (let count = 0; count < NODES; count += 1) nodes.push(await startNode(fresh.url, env));
      const cluster = new Cluster(postgres, fresh, nodes);
      await cluster.database.setUp();
      return cluster;
    } catch (error) {
      await disposeServers();
      await postgres.stop();
      throw error;
    }
  }

  node(index: number): Node {
    const found = this.nodes[index];
    if (found === undefined) throw new RangeError(`no node ${index}`);
    return found;
  }

  /** Where clients and writers find the nodes. */
  get fronts(): string[] {
    return this.nodes.map(({ links }) => `http://127.0.0.1:${links.front.port}`);
  }

  async killDatabase(): Promise<void> {
    await this.postgres.halt('kill');
  }

  /** Its other processes notice a moment later that the first one is gone; until then it does not start. */
  async startDatabase(): Promise<void> {
    await eventually(() => this.postgres.start(), { timeoutMs: START_MS, intervalMs: 100, what: 'the start of the database' });
  }

  /** What the nodes say of the mistakes that they made, and of an end that nobody asked for. */
  complaints(): string[] {
    return this.nodes.flatMap(({ server }) => {
      const lines = `${server.stdout()}\n${server.stderr()}`.split('\n').filter((line) => /"level":"(error|fatal)"/.test(line));
      return [...lines, ...[server.crash() ?? []].flat()];
    });
  }

  async stop(): Promise<void> {
    await disposeServers(this.nodes.map(({ server }) => server));
    await Promise.all(this.nodes.flatMap(({ links }) => Object.values(links).map((proxy) => proxy.stop())));
    await this.postgres.stop();
  }
}

async function startNode(databaseUrl: string, env: object): Promise<Node> {
  const [database, wakeUps] = [await TcpProxy.start(databaseUrl), await TcpProxy.start(databaseUrl)];
  const clockOff = pathToFileURL(join(projectRoot(), 'test/faults/cluster/clock-off.mjs')).href;
  const server = await startServer({
    database: database.through(databaseUrl),
    env: { ...SETTINGS, DATABASE_LISTEN_URL: wakeUps.through(databaseUrl), ...env },
    nodeArgs: ['--import', clockOff],
    timeoutMs: START_MS,
  });
  return { server, links: { front: await TcpProxy.start(server.port), database, 'wake-ups': wakeUps } };
}
