import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { projectRoot } from '../support/project-root.js';
import { cleanEnvironment, type Environment } from '../support/server-process.js';
import { within } from '../support/wait.js';

const PLACEHOLDER = /fw_(srv|cli)_…/;

/** The page of an example. */
export function readmeOf(example: string): string {
  return readFileSync(join(projectRoot(), 'examples', example, 'README.md'), 'utf8');
}

/** The one line that its page says, with a key in it. */
function lineOf(example: string, key: string): string {
  const line = /^## Start it\n\n```sh\n(.+)\n```$/m.exec(readmeOf(example))?.[1];
  if (line === undefined || !PLACEHOLDER.test(line))
    throw new Error(`${example}/README.md has no line that starts it with a key`);
  return line.replace(PLACEHOLDER, key);
}

/** An example as its page says to start it: by a shell, at the top of the repository. */
export class QuickStart {
  output = '';
  readonly #shell: ChildProcess;
  /** Resolves when its output is complete: nothing of it runs then. */
  readonly #ended: Promise<void>;

  constructor(example: string, key: string, env: Environment) {
    // A process group of its own, as a terminal gives it.
    const options = { cwd: projectRoot(), env: cleanEnvironment(env), detached: true } as const;
    this.#shell = spawn('sh', ['-c', lineOf(example, key)], { ...options, stdio: ['ignore', 'pipe', 'pipe'] });
    for (const stream of [this.#shell.stdout, this.#shell.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => (this.output += text));
    }
    const onExit = (): void => this.#signal('SIGKILL');
    process.on('exit', onExit);
    this.#ended = new Promise((resolve) => {
      this.#shell.once('close', () => {
        process.off('exit', onExit);
        resolve();
      });
    });
  }

  /** As Ctrl-C does. @throws Error where something of it still runs after 10 s; it is killed then. */
  async stop(): Promise<void> {
    this.#signal('SIGINT');
    try {
      await within(this.#ended, 10_000, `the end of the example:\n${this.output}`);
    } catch (error) {
      this.#signal('SIGKILL');
      throw error;
    }
  }

  #signal(signal: NodeJS.Signals): void {
    const { pid } = this.#shell;
    try {
      if (pid !== undefined) process.kill(-pid, signal);
    } catch {
      // Nobody is left in the group.
    }
  }
}
