import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, chownSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from './free-port.js';
import { postgresBinaries } from './postgres-binaries.js';
import { eventually, within } from './wait.js';

/** Debian's package of that name has it. */
const PROGRAM = 'pgbouncer';

export interface TestPgbouncer {
  readonly port: number;
  /** The same database through it. */
  through(url: string): string;
  log(): string;
  stop(): Promise<void>;
}

export function hasPgbouncer(): boolean {
  return spawnSync(PROGRAM, ['--version']).status === 0;
}

/** What `docs/operations.md` recommends, but for the pool, which is small enough to be felt. */
const SETTINGS = { pool_mode: 'transaction', default_pool_size: '5', max_client_conn: '200' };

function configOf(settings: Readonly<Record<string, string>>): string {
  const lines = Object.entries(settings).map(([name, value]) => `${name} = ${value}`);
  return [
    '[databases]',
    settings['databases'] ?? '',
    '[pgbouncer]',
    ...lines.filter((line) => !line.startsWith('databases')),
  ].join('\n');
}

function isListening(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
    socket.once('connect', () => socket.destroy());
  });
}

/**
 * Debian's pgbouncer as a process of its own on 127.0.0.1, in transaction mode if not said otherwise, with its files in a temporary
 * folder. Ends with `stop()`, at the latest with this process.
 * @param upstream the URL of any database of the server behind it, with user and password.
 * @param settings of its section `[pgbouncer]`.
 */
export async function startPgbouncer(upstream: string, settings: Readonly<Record<string, string>> = {}): Promise<TestPgbouncer> {
  const { username, password, port: serverPort } = new URL(upstream);
  const folder = mkdtempSync(join(tmpdir(), 'flagwire-pgbouncer-'));
  const { runAs } = postgresBinaries();
  const port = await freePort();
  const file = (name: string, text: string): string => {
    const path = join(folder, name);
    writeFileSync(path, text, { mode: 0o600 });
    // It refuses to run as root, too.
    if (runAs !== null) chownSync(path, runAs.uid, runAs.gid);
    return path;
  };
  const users = file('users.txt', `"${username}" "${decodeURIComponent(password)}"\n`);
  const own = { listen_addr: '127.0.0.1', listen_port: String(port), unix_socket_dir: '', auth_type: 'scram-sha-256' };
  const databases = `* = host=127.0.0.1 port=${serverPort}`;
  const config = file('pgbouncer.ini', configOf({ databases, ...own, auth_file: users, ...SETTINGS, ...settings }));
  chmodSync(folder, 0o755);

  let log = '';
  const child = spawn(PROGRAM, [config], { cwd: folder, stdio: ['ignore', 'ignore', 'pipe'], ...runAs });
  child.stderr.on('data', (chunk: Buffer) => (log = (log + chunk.toString('utf8')).slice(-256 * 1024)));
  const onExit = (): void => void child.kill('SIGKILL');
  process.on('exit', onExit);
  const stop = async (): Promise<void> => {
    process.off('exit', onExit);
    const isOver = child.exitCode !== null || child.signalCode !== null;
    const ended: Promise<unknown> = isOver ? Promise.resolve() : once(child, 'exit');
    child.kill('SIGKILL');
    await within(ended, 5000, 'the end of pgbouncer');
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    await eventually(() => isListening(port), { timeoutMs: 10_000, what: 'the start of pgbouncer' });
  } catch (error) {
    await stop();
    throw new Error(`pgbouncer does not start:\n${log}`, { cause: error });
  }
  return {
    port,
    through: (url) => Object.assign(new URL(url), { host: `127.0.0.1:${port}` }).href,
    log: () => log,
    stop,
  };
}
