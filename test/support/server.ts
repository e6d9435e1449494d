import { AdminClient } from './admin-client.js';
import { httpRequest } from './http-request.js';
import { noteSettings } from './known-secrets.js';
import { builtEntry } from './project-root.js';
import { metricsOf, searchRemains } from './server-remains.js';
import { makeSite, type Site } from './server-site.js';
import { cleanEnvironment, ServerProcess, type Environment, type ProcessEnd } from './server-process.js';
import { eventually } from './wait.js';

export const databases = ['sqlite', 'postgres'] as const;
export type DatabaseKind = (typeof databases)[number];

export interface ServerOptions {
  /** `sqlite` (default) and `postgres`: a new one; else a `DATABASE_URL`, such as another node's `databaseUrl`. */
  database?: string;
  /** Settings; `undefined` takes a default of these tests out. */
  env?: Environment;
  /** Default: a free one. */
  port?: number;
  /** Working directory, and the place of a new SQLite file. Default: a temporary folder, removed by `dispose()`. */
  dataDir?: string;
  /** What to wait for: /health/ready or /health/live answering 200 (default `ready`), or nothing. */
  until?: 'ready' | 'live' | 'spawned';
  /** For the wait; default 30000. */
  timeoutMs?: number;
  /** Options of Node itself, such as `--max-old-space-size=200`. */
  nodeArgs?: readonly string[];
  /** The program; default the built `dist/main.js`. */
  entry?: string;
  /** Its arguments; default none. */
  args?: readonly string[];
  /** The Node.js that runs it; default this one. */
  node?: string;
  /** Whether `dispose()` searches what it leaves behind for secrets. Default true. */
  searched?: boolean;
}

/** So that suites run against a server with workers too: `FLAGWIRE_TEST_WORKERS=2 npx jest test/contract`. Not on SQLite. */
const WORKERS = process.env['FLAGWIRE_TEST_WORKERS'] ?? '1';

/** 40 characters, as every test server gets it. */
export const ADMIN_TOKEN = 'test-admin-token-0123456789abcdefghijklm';

const live = new Set<TestServer>();

/** The built server as a black box: a process of its own on 127.0.0.1. */
export class TestServer {
  readonly adminToken: string;
  readonly port: number;
  readonly databaseUrl: string;
  readonly dataDir: string;
  #process: ServerProcess;
  #expectedEnd = false;
  #earlier = { stdout: '', stderr: '' };
  #metrics = '';

  private constructor(
    private readonly site: Site,
    private readonly options: ServerOptions,
    private readonly spawnOne: () => ServerProcess,
  ) {
    this.adminToken = options.env?.['FLAGWIRE_ADMIN_TOKEN'] ?? ADMIN_TOKEN;
    this.port = site.port;
    this.databaseUrl = site.databaseUrl;
    this.dataDir = site.dataDir;
    this.#process = spawnOne();
  }

  /** @throws Error with the server's output where it ends early or is not ready in time. */
  static async start(options: ServerOptions = {}): Promise<TestServer> {
    const entry = options.entry ?? builtEntry();
    const site = await makeSite(options);
    const env = cleanEnvironment({
      NODE_ENV: 'production',
      PORT: String(site.port),
      FLAGWIRE_HOST: '127.0.0.1',
      FLAGWIRE_ADMIN_TOKEN: ADMIN_TOKEN,
      DATABASE_URL: site.databaseUrl,
      // All clients of a test come from one address, and many of them are wrong on purpose.
      FLAGWIRE_WRONG_CREDENTIALS_PER_MINUTE: '1000000',
      ...(site.databaseUrl.startsWith('postgres') && { FLAGWIRE_WORKERS: WORKERS }),
      ...options.env,
    });
    noteSettings(env);
    const args = [...(options.nodeArgs ?? []), entry, ...(options.args ?? [])];
    const server = new TestServer(site, options, () => new ServerProcess(args, env, site.dataDir, options.node));
    live.add(server);
    try {
      await server.#untilUp();
    } catch (error) {
      await server.dispose();
      throw error;
    }
    return server;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  get pid(): number {
    return this.#process.pid;
  }

  get isRunning(): boolean {
    return this.#process.isRunning;
  }

  /** The end of the present process, also one that nobody asked for. */
  get ended(): Promise<ProcessEnd> {
    return this.#process.ended;
  }

  get admin(): AdminClient {
    return new AdminClient(this.url, this.adminToken);
  }

  /** All that was printed since the start, over restarts (the newest 4 MiB of each process). */
  stdout(): string {
    return this.#earlier.stdout + this.#process.stdout;
  }

  /** What the present process printed on stderr. */
  stderr(): string {
    return this.#process.stderr;
  }

  /** Sends a signal without waiting, such as SIGSTOP and SIGCONT. */
  signal(signal: NodeJS.Signals): void {
    this.#process.signal(signal);
  }

  /** Ends the process by a signal and waits for it. Data and port stay. */
  kill(signal: NodeJS.Signals = 'SIGKILL'): Promise<ProcessEnd> {
    if (this.isRunning) this.#expectedEnd = true;
    return this.#process.kill(signal);
  }

  /**
   * The orderly end (SIGTERM).
   * @throws Error where it takes longer than 15 s; the process is then killed.
   */
  stop(): Promise<ProcessEnd> {
    return this.kill('SIGTERM');
  }

  /** Ends the process where it still runs, and starts it again: same port, data and settings. */
  async restart(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    if (this.isRunning) await this.kill(signal);
    this.#earlier = { stdout: this.stdout(), stderr: this.#earlier.stderr + this.stderr() };
    this.#expectedEnd = false;
    this.#process = this.spawnOne();
    await this.#untilUp();
  }

  /** Waits for `/health/ready` to answer 200 again, for instance after an outage. */
  async untilReady(timeoutMs = 30_000): Promise<void> {
    await this.#untilHealthy('ready', timeoutMs);
  }

  /**
   * Kills the process and removes what was made for it: temporary folder and database.
   * @throws Error where a secret is found in what it leaves behind.
   */
  async dispose(): Promise<void> {
    live.delete(this);
    await this.lastKill();
    try {
      if (this.options.searched !== false) await this.#search();
    } finally {
      await this.site.release();
    }
  }

  /** Kills the process where it runs, once its figures have been read for the search. */
  async lastKill(): Promise<void> {
    if (!this.isRunning) return;
    if (this.options.searched !== false) this.#metrics = await metricsOf(this.url, this.adminToken);
    await this.kill('SIGKILL');
  }

  /** The output, where the process ended and no test asked for it; else null. */
  crash(): string | null {
    const { end } = this.#process;
    if (end === undefined || this.#expectedEnd) return null;
    return `the server on port ${this.port} ended by itself with ${end.code ?? end.signal}\n${this.#process.tail()}`;
  }

  async #search(): Promise<void> {
    const { databaseUrl, ownsDatabase } = this.site;
    const output = { stdout: this.stdout(), stderr: this.#earlier.stderr + this.stderr(), metrics: this.#metrics };
    await searchRemains({ origin: this.url, databaseUrl, ownsDatabase, ...output });
  }

  async #untilUp(): Promise<void> {
    const { until = 'ready', timeoutMs = 30_000 } = this.options;
    if (until !== 'spawned') await this.#untilHealthy(until, timeoutMs);
  }

  async #untilHealthy(probe: 'ready' | 'live', timeoutMs: number): Promise<void> {
    const attempt = async (): Promise<string | undefined> => {
      if (!this.isRunning) return this.crash() ?? 'the server was ended by the test';
      const answer = await httpRequest(`${this.url}/health/${probe}`, { timeoutMs: 2000 });
      if (answer.status !== 200) throw new Error(`/health/${probe} answers ${answer.status}: ${answer.text}`);
      return undefined;
    };
    const what = `the start of the server on port ${this.port}`;
    const ended = await eventually(attempt, { timeoutMs, what }).catch((error: unknown) => {
      throw new Error(`${String(error)}\n${this.#process.tail()}`, { cause: error });
    });
    if (ended !== undefined) throw new Error(ended);
  }
}

/** Starts the built server and waits until it is ready. See `useServers` for its end. */
export function startServer(options: ServerOptions = {}): Promise<TestServer> {
  return TestServer.start(options);
}

/** The servers of this test file (or script) that were not disposed of, in the order of their start. */
export function liveServers(): TestServer[] {
  return [...live];
}

/**
 * Kills all servers, then searches and removes what they leave behind: nodes may share a database.
 * @throws AggregateError of what failed or was found.
 */
export async function disposeServers(among: readonly TestServer[] = liveServers()): Promise<void> {
  const servers = among.filter((server) => live.has(server));
  await Promise.allSettled(servers.map((server) => server.lastKill()));
  const results = await Promise.allSettled(servers.map((server) => server.dispose()));
  const failures = results.flatMap((result) => (result.status === 'rejected' ? [result.reason as unknown] : []));
  if (failures.length > 0) throw new AggregateError(failures, failures.map(String).join('\n'));
}

/**
 * Runs the server where it is expected to refuse to start.
 * @throws Error where it is still running after `timeoutMs` (default 30000).
 */
export async function runServerToEnd(options: ServerOptions = {}): Promise<ProcessEnd & { stdout: string; stderr: string }> {
  const server = await startServer({ ...options, until: 'spawned' });
  try {
    const { timeoutMs = 30_000 } = options;
    await eventually(() => !server.isRunning, { timeoutMs, what: 'the end of the server' });
    return { ...(await server.ended), stdout: server.stdout(), stderr: server.stderr() };
  } finally {
    await server.dispose();
  }
}
