import { type ChildProcess, fork } from 'node:child_process';
import { join } from 'node:path';
import { projectRoot } from './project-root.js';

const ANSWER_MS = 120_000;

/** A program in a process of its own, so that it takes no turns from who measures; spoken with by messages. */
export class Program {
  private readonly child: ChildProcess;

  /** @param path from the top of the repository. @param nodeArgs options of Node itself. */
  constructor(
    private readonly path: string,
    nodeArgs: readonly string[] = [],
  ) {
    this.child = fork(join(projectRoot(), path), { execArgv: [...nodeArgs] });
  }

  get pid(): number {
    if (this.child.pid === undefined) throw new Error(`${this.path} was not started`);
    return this.child.pid;
  }

  /** @throws Error where it ends, or says nothing for two minutes. */
  next<T>(): Promise<T> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => settle(() => reject(new Error(`${this.path} does not answer`))), ANSWER_MS);
      const onMessage = (message: T) => settle(() => resolve(message));
      const onExit = (code: number | null) => settle(() => reject(new Error(`${this.path} ended with ${code}`)));
      const settle = (done: () => void) => {
        clearTimeout(timer);
        this.child.off('message', onMessage).off('exit', onExit);
        done();
      };
      this.child.on('message', onMessage).on('exit', onExit);
    });
  }

  ask<T>(message: object): Promise<T> {
    const answer = this.next<T>();
    this.child.send(message);
    return answer;
  }

  end(): void {
    this.child.kill('SIGKILL');
  }
}
