import { spawn, type ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import { once } from 'node:events';
import { knownSecrets, watchRefusal } from '../../support/known-secrets.js';
import { builtEntry, projectRoot } from '../../support/project-root.js';
import { cleanEnvironment, type Environment } from '../../support/server-process.js';
import { type TestServer } from '../../support/server.js';
import { eventually } from '../../support/wait.js';

export interface Ran {
  /** Null where a signal ended it. */
  code: number | null;
  stdout: string;
  stderr: string;
}

export interface RunOptions {
  env?: Environment;
  /** What stands on stdin. */
  input?: string;
  cwd?: string;
}

const TIMEOUT_MS = 30_000;

/** The built command line as a process of its own. */
export class Flagwire {
  stdout = '';
  stderr = '';
  /** Resolves when it has ended and its output is complete. */
  readonly ended: Promise<Ran>;
  readonly child: ChildProcess;

  constructor(args: readonly string[], { env = {}, input, cwd = projectRoot() }: RunOptions = {}) {
    builtEntry(); // says where nothing was built
    const bin = join(projectRoot(), 'dist', 'bin.js');
    this.child = spawn(process.execPath, [bin, ...args], { env: cleanEnvironment(env), cwd, timeout: TIMEOUT_MS });
    this.child.stdout?.setEncoding('utf8').on('data', (text: string) => void (this.stdout += text));
    this.child.stderr?.setEncoding('utf8').on('data', (text: string) => void (this.stderr += text));
    this.child.stdin?.on('error', () => undefined); // it may end before it has read all
    this.child.stdin?.end(input);
    this.ended = once(this.child, 'close').then(([code]) => {
      const { stdout, stderr } = this;
      // What it shows on purpose is on stdout, and must be nowhere else.
      knownSecrets.noteAll(stdout);
      watchRefusal('stderr of flagwire', stderr);
      return { code: code as number | null, stdout, stderr };
    });
  }

  /** Waits for output that matches. */
  async says(what: RegExp): Promise<void> {
    await eventually(() => what.test(this.stdout + this.stderr), { timeoutMs: 15_000, what: `${what} in the output` });
  }

  interrupt(): Promise<Ran> {
    this.child.kill('SIGINT');
    return this.ended;
  }
}

/** Runs a command to its end. */
export function flagwire(args: readonly string[], options?: RunOptions): Promise<Ran> {
  return new Flagwire(args, options).ended;
}

/** What leads the command line to a server. */
export function at(server: TestServer, extra: Environment = {}): Environment {
  return { FLAGWIRE_URL: server.url, FLAGWIRE_TOKEN: server.adminToken, ...extra };
}

/** The command line of one server: `run` gives every end, `json` the document of one that succeeds. */
export function commandsOf(server: TestServer, extra: Environment = {}) {
  const run = (line: string, options: RunOptions = {}): Promise<Ran> =>
    flagwire(line.split(' '), { ...options, env: { ...at(server, extra), ...options.env } });
  const json = async <T>(line: string, options: RunOptions = {}): Promise<T> => {
    const { code, stdout, stderr } = await run(`${line} --json`, options);
    if (code !== 0) throw new Error(`flagwire ${line} ended with ${code}\n${stderr}`);
    return JSON.parse(stdout) as T;
  };
  return { run, json };
}
