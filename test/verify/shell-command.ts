import { spawn, type ChildProcess } from 'node:child_process';
import { eventually, within } from '../support/wait.js';
import { PATIENCE_MS } from './patience.js';

/** A line in a shell, as somebody would paste it there. */
export class ShellCommand {
  stdout = '';
  stderr = '';
  readonly #child: ChildProcess;
  readonly #closed: Promise<number | null>;

  constructor(
    readonly line: string,
    env?: Record<string, string>,
  ) {
    // A group of its own: to end the shell and what it started.
    this.#child = spawn('/bin/sh', ['-c', line], { detached: true, env, stdio: ['ignore', 'pipe', 'pipe'] });
    this.#child.stdout?.setEncoding('utf8').on('data', (text: string) => (this.stdout += text));
    this.#child.stderr?.setEncoding('utf8').on('data', (text: string) => (this.stderr += text));
    this.#closed = new Promise((resolve, reject) => {
      this.#child.once('error', reject);
      this.#child.once('close', (code) => resolve(code));
    });
    this.#closed.catch(() => undefined); // who waits for it sees it
  }

  /** @throws Error with all output where the text does not come. */
  async untilPrinted(text: string): Promise<void> {
    await eventually(() => this.stdout.includes(text), { timeoutMs: PATIENCE_MS, what: `${text} from: ${this.line}` }).catch(
      (error: unknown) => {
        throw new Error(`${String(error)}\n${this.stdout}\n${this.stderr}`, { cause: error });
      },
    );
  }

  async exitCode(): Promise<number | null> {
    return within(this.#closed, PATIENCE_MS, `the end of: ${this.line}`);
  }

  async end(): Promise<void> {
    const { pid, exitCode, signalCode } = this.#child;
    if (pid !== undefined && exitCode === null && signalCode === null) process.kill(-pid, 'SIGKILL');
    await this.#closed;
  }
}
