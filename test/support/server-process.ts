import { spawn, type ChildProcess } from 'node:child_process';
import { within } from './wait.js';

export interface ProcessEnd {
  /** Null where a signal ended it. */
  code: number | null;
  signal: NodeJS.Signals | null;
}

/** What a server must not learn from the test run: its settings come from the test alone. */
const HIDDEN = /^(FLAGWIRE_.*|DATABASE_.*|PG[A-Z]+|PORT|GRPC_PORT|NODE_ENV|NODE_OPTIONS|JEST_WORKER_ID)$/;
const OUTPUT_BOUND = 4 * 1024 * 1024;

export type Environment = Record<string, string | undefined>;

/** The environment of the test run without what configures servers; `undefined` in `extra` takes a variable out. */
export function cleanEnvironment(extra: Environment): Record<string, string> {
  const inherited = Object.entries(process.env).filter(([name]) => !HIDDEN.test(name));
  const all = Object.entries({ ...Object.fromEntries(inherited), ...extra });
  return Object.fromEntries(all.filter((entry): entry is [string, string] => entry[1] !== undefined));
}

/** A child process with its output kept (the newest 4 MiB of each stream); killed when this process exits. */
export class ServerProcess {
  /** Resolves when it has ended and its output is complete, however that comes. */
  readonly ended: Promise<ProcessEnd>;
  end: ProcessEnd | undefined;
  stdout = '';
  stderr = '';
  readonly #child: ChildProcess;

  /** @param args of `node`: options, the program, its arguments. */
  constructor(args: readonly string[], env: Record<string, string>, cwd: string, node = process.execPath) {
    this.#child = spawn(node, args, { env, cwd, stdio: ['ignore', 'pipe', 'pipe'] });
    const keep = (name: 'stdout' | 'stderr') => (text: string) => {
      this[name] = (this[name] + text).slice(-OUTPUT_BOUND);
    };
    this.#child.stdout?.setEncoding('utf8').on('data', keep('stdout'));
    this.#child.stderr?.setEncoding('utf8').on('data', keep('stderr'));
    const onExit = (): void => void this.#child.kill('SIGKILL');
    process.on('exit', onExit);
    this.ended = new Promise((resolve, reject) => {
      this.#child.once('error', reject);
      this.#child.once('close', (code, signal) => {
        process.off('exit', onExit);
        this.end = { code, signal };
        resolve(this.end);
      });
    });
    this.ended.catch(() => undefined); // those who wait for it see it
  }

  /** @throws Error where the process could not be started. */
  get pid(): number {
    const { pid } = this.#child;
    if (pid === undefined) throw new Error('the process was not started');
    return pid;
  }

  get isRunning(): boolean {
    return this.end === undefined;
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  /**
   * Sends the signal and waits for the end.
   * @throws Error after `timeoutMs`; the process is then killed.
   */
  async kill(signal: NodeJS.Signals = 'SIGKILL', timeoutMs = 15_000): Promise<ProcessEnd> {
    if (this.end !== undefined) return this.end;
    this.#child.kill(signal);
    if (signal === 'SIGKILL') this.#child.kill('SIGCONT');
    try {
      return await within(this.ended, timeoutMs, `the end of process ${this.pid} by ${signal}`);
    } catch (error) {
      this.#child.kill('SIGKILL');
      throw new Error(`${String(error)}\n${this.tail()}`, { cause: error });
    }
  }

  /** The end of both streams, for messages. */
  tail(): string {
    return `stdout: ${this.stdout.slice(-3000)}\nstderr: ${this.stderr.slice(-3000)}`;
  }
}
