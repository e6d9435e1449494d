/** By the promise 5 s; normally 1 s. */
import { isDeepStrictEqual } from 'node:util';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { RawClient } from '../faults/cluster/raw-client.js';
import { SdkClient } from '../faults/cluster/sdk-client.js';
import { content, OwnWriter } from '../faults/own-writer.js';
import { freshDatabase } from '../support/fresh-database.js';
import { TRANSPORTS } from '../support/lines.js';
import { startPostgres, type TestPostgres } from '../support/postgres.js';
import { SeededRandom } from '../support/random.js';
import { disposeServers, startServer, type TestServer } from '../support/server.js';
import { StandBy } from '../support/stand-by.js';
import { TcpProxy } from '../support/tcp-proxy.js';
import { eventually } from '../support/wait.js';

const PROMISED_MS = 5000;
const PATIENCE_MS = 30_000;
const START_MS = 90_000;
const LOST = 6;

type Client = RawClient | SdkClient;

/** Two nodes on a PostgreSQL, with clients of every transport on each. It falls, and another one takes its place, again and again. */
class Stage {
  readonly clients: Client[] = [];
  private readonly random = new SeededRandom(1);
  private standBy: StandBy | undefined;

  private constructor(
    private primary: TestPostgres,
    private readonly database: string,
    readonly toDatabase: TcpProxy,
    readonly nodes: readonly TestServer[],
    readonly key: string,
  ) {}

  static async set(): Promise<Stage> {
    const primary = await startPostgres();
    const fresh = await freshDatabase('fail_over', primary.url);
    const toDatabase = await TcpProxy.start(fresh.url);
    const env = { FLAGWIRE_PING_S: '1.5', FLAGWIRE_DB_CONNECT_TIMEOUT_MS: '1000' };
    const options = { database: toDatabase.through(fresh.url), env, timeoutMs: START_MS, searched: false };
    const nodes = [await startServer(options), await startServer(options)];
    await nodes[0]?.admin.createFlag('one');
    const { key } = (await nodes[0]?.admin.createKey('production')) ?? { key: '' };
    return new Stage(primary, fresh.name, toDatabase, nodes, key);
  }

  /** The database as whoever leads has it. */
  get url(): string {
    return Object.assign(new URL(this.primary.url), { pathname: this.database }).href;
  }

  get admin() {
    return (this.nodes[0] as TestServer).admin;
  }

  async toggle(times: number): Promise<void> {
    for (let time = 0; time < times; time += 1) {
      const { status } = (await this.admin.getEnv('one', 'production')).body;
      await this.admin.patchEnv('one', 'production', { status: status === 'enabled' ? 'disabled' : 'enabled' });
    }
  }

  /** A client on each node by each transport, and the SDK on both. */
  gather(): void {
    const urls = this.nodes.map(({ url }) => url);
    for (const url of urls) {
      for (const transport of TRANSPORTS) this.clients.push(this.client(transport, url));
    }
    for (const transport of [null, ...TRANSPORTS]) {
      const where = { name: `sdk by ${transport ?? 'all'}`, key: this.key, flags: undefined, urls };
      this.clients.push(new SdkClient(where, transport, this.random.fork()));
    }
  }

  /** Of each transport one that was here, has left, and comes back now with what it held, to the other node. */
  comeBack(left: readonly RawClient[]): RawClient[] {
    const other = this.nodes[1]?.url ?? '';
    const back = left.map((client) => this.client(client.where.transport, other, client.memory));
    this.clients.push(...back);
    return back;
  }

  client(transport: (typeof TRANSPORTS)[number], url: string, held?: RawClient['memory']): RawClient {
    const where = { name: `${transport} of ${url}`, transport, key: this.key, flags: undefined, urls: [url] };
    return new RawClient(where, this.random.fork(), held);
  }

  /** Every client has what is in the database, to the mark of its head. */
  async settle(timeoutMs: number): Promise<void> {
    const writer = await OwnWriter.open(this.url);
    try {
      await eventually(
        async () => {
          const truth = await writer.truth();
          for (const client of this.clients) {
            const cursor = client.cursor.split('.', 3).join('.');
            if (!isDeepStrictEqual([cursor, client.flags], [truth.cursor, truth.state])) {
              throw new Error(`${client.where.name} is at ${cursor}, the database at ${truth.cursor}`);
            }
          }
        },
        { timeoutMs, what: 'all clients' },
      );
    } finally {
      await writer.close();
    }
  }

  /** From here on a stand-by has all that is there, and gets nothing more. */
  async part(): Promise<void> {
    this.standBy = await StandBy.of(this.primary);
    await eventually(() => this.toggle(1), { timeoutMs: PATIENCE_MS, what: 'a write' });
    await this.standBy.lose();
  }

  /** Who leads is gone, with what it committed since. The stand-by is what there is, and nodes do not reach it yet. */
  async fall(): Promise<StandBy> {
    const { standBy, primary } = this;
    if (standBy === undefined) throw new Error('there is no stand-by');
    this.toDatabase.refuse();
    this.toDatabase.resetAll();
    await primary.halt('kill');
    this.primary = standBy.postgres;
    this.toDatabase.leadTo(this.primary.port);
    await standBy.end();
    await primary.stop();
    return standBy;
  }

  async strike(): Promise<void> {
    await Promise.all(this.clients.map(async (client) => client.stop()));
    await disposeServers(this.nodes);
    await this.toDatabase.stop();
    await this.primary.stop();
  }
}

describe('A fail-over to a PostgreSQL that lacks the last commits', () => {
  let stage: Stage;
  let gone: RawClient[];
  const back: RawClient[] = [];

  beforeAll(async () => {
    stage = await Stage.set();
    stage.gather();
  }, 3 * START_MS);
  /** What the clients know, the stand-by does not. Of each transport one leaves with that. */
  beforeEach(async () => {
    await stage.part();
    const leavers = TRANSPORTS.map((transport) => stage.client(transport, stage.nodes[0]?.url ?? ''));
    stage.clients.push(...leavers);
    await stage.toggle(LOST);
    await stage.settle(PATIENCE_MS);
    gone = leavers;
    for (const client of leavers) {
      client.stop();
      stage.clients.splice(stage.clients.indexOf(client), 1);
    }
  }, START_MS);
  afterEach(() => {
    for (const client of back.splice(0)) {
      client.stop();
      stage.clients.splice(stage.clients.indexOf(client), 1);
    }
  });
  afterAll(() => stage?.strike());

  it.each([
    ['stops short of', LOST - 2],
    ['has as many revisions as', LOST],
    ['is beyond', LOST + 3],
  ])('leaves nobody with what was lost, where the new history %s the lost one', async (_name, revisions) => {
    await (await stage.fall()).promote();
    const writer = await OwnWriter.open(stage.url);
    for (let made = 0; made < revisions; made += 1) {
      await writer.write((manager) => writer.append(manager, [content('second-life', `revision ${made} after the fall`)]));
    }
    await writer.close();
    await stage.toDatabase.accept();
    back.push(...stage.comeBack(gone));
    await stage.settle(PROMISED_MS);
    // Not by a change or two that happened to fit.
    expect(back.map(({ sights }) => sights[0]?.kind)).toEqual(TRANSPORTS.map(() => 'full'));
    await eventually(() => stage.toggle(2), { timeoutMs: PATIENCE_MS, what: 'a write' });
    await stage.settle(PROMISED_MS);
    expect(stage.clients.flatMap(({ breaches }) => breaches)).toEqual([]);
  });

  it('refuses writes with 503 while the stand-by does not lead yet, and shows what it has', async () => {
    const standBy = await stage.fall();
    await stage.toDatabase.accept();
    back.push(...stage.comeBack(gone));
    await stage.settle(PROMISED_MS);
    await eventually(async () => {
      const { status, headers, body } = await stage.admin.request('POST', '/api/projects', { key: 'new', name: 'New' });
      expect([status, body, headers['retry-after']]).toEqual([
        503,
        expect.objectContaining({ code: 'database_unavailable' }),
        '1',
      ]);
    });
    await standBy.promote();
    await eventually(() => stage.toggle(LOST), { timeoutMs: PATIENCE_MS, what: 'a write' });
    await stage.settle(PROMISED_MS);
    expect(stage.clients.flatMap(({ breaches }) => breaches)).toEqual([]);
  });
});
