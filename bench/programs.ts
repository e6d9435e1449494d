import { type ChildProcess, fork } from 'node:child_process';
import { join } from 'node:path';
import { type RowOptions } from './row.js';

type CleanUp = RowOptions['cleanUp'];

const ANSWER_MS = 120_000;

/** A program of this folder, spoken with by messages; ends with its row. */
export class Program {
  private constructor(private readonly child: ChildProcess) {}

  /** @param nodeArgs options of Node itself. */
  static start(path: string, cleanUp: CleanUp, nodeArgs: readonly string[] = []): Program {
    const child = fork(join(import.meta.dirname, path), { execArgv: [...nodeArgs] });
    const program = new Program(child);
    cleanUp(() => program.end());
    return program;
  }

  get pid(): number {
    if (this.child.pid === undefined) throw new Error('The program was not started');
    return this.child.pid;
  }

  /** @throws Error where it ends, or says nothing for two minutes. */
  next<T>(): Promise<T> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => settle(() => reject(new Error('The program does not answer'))), ANSWER_MS);
      const onMessage = (message: T) => settle(() => resolve(message));
      const onExit = (code: number | null) => settle(() => reject(new Error(`The program ended with ${code}`)));
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

export interface Floor {
  port: number;
  pid: number;
  url: string;
  program: Program;
}

export async function startFloor(name: string, cleanUp: CleanUp, nodeArgs?: readonly string[]): Promise<Floor> {
  const program = Program.start(join('floors', `${name}.mjs`), cleanUp, nodeArgs);
  const { port } = await program.next<{ port: number }>();
  return { port, pid: program.pid, url: `http://127.0.0.1:${port}`, program };
}
