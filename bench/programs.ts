import { type ChildProcess, fork } from 'node:child_process';
import { join } from 'node:path';
import { ADMIN_TOKEN, startServer, type TestServer } from '../test/support/server.js';
import { type RowOptions } from './row.js';

type CleanUp = RowOptions['cleanUp'];

const ANSWER_MS = 120_000;

/** A program of this folder, spoken with by messages; ends with its row. */
export class Program {
  private constructor(private readonly child: ChildProcess) {}

  static start(path: string, cleanUp: CleanUp): Program {
    const child = fork(join(import.meta.dirname, path), { execArgv: [] });
    cleanUp(() => child.kill('SIGKILL'));
    return new Program(child);
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
}

export async function startFloor(name: string, cleanUp: CleanUp): Promise<{ port: number; pid: number }> {
  const program = Program.start(join('floors', `${name}.mjs`), cleanUp);
  return { ...(await program.next<{ port: number }>()), pid: program.pid };
}

/** The built server on SQLite, with a server key of `production`. Pings are off: both sides send changes alone. */
export async function startProduct(cleanUp: CleanUp): Promise<{ server: TestServer; key: string }> {
  const env = { FLAGWIRE_PING_S: '3600', FLAGWIRE_HEARTBEAT_S: '3600', FLAGWIRE_MAX_PER_SERVER_KEY: '20000' };
  const server = await startServer({ env });
  cleanUp(() => server.dispose());
  const { key } = await server.admin.createKey('production');
  return { server, key };
}

/** Over connections that are kept, as a service would. @throws Error unless the answer is 2xx. */
export async function send(method: string, url: string, body?: object): Promise<void> {
  const headers = { Authorization: `Bearer ${ADMIN_TOKEN}`, 'Content-Type': 'application/json' };
  const answer = await fetch(url, { method, headers, ...(body === undefined ? {} : { body: JSON.stringify(body) }) });
  const text = await answer.text();
  if (!answer.ok) throw new Error(`${method} ${url} was answered ${answer.status}: ${text}`);
}
