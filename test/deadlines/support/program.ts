import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { projectRoot } from '../../support/project-root.js';
import { within } from '../../support/wait.js';

/** Clients in a process of their own, so that they take no turns from who measures; spoken with by messages. */
export class Program {
  private readonly child: ChildProcess;

  /** @param path from the top of the repository. */
  constructor(private readonly path: string) {
    this.child = fork(join(projectRoot(), path), { execArgv: [] });
  }

  /** @throws Error where it does not answer within a minute. */
  async ask<T>(message: object): Promise<T> {
    const answer = once(this.child, 'message') as Promise<[T]>;
    this.child.send(message);
    return (await within(answer, 60_000, `an answer of ${this.path}`))[0];
  }

  stop(): void {
    this.child.kill('SIGKILL');
  }
}
