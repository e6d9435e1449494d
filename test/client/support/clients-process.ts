import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { type FlagDefinition } from '@flagwire/client';
import { expect } from '@jest/globals';
import { projectRoot } from '../../support/project-root.js';
import { eventually, within } from '../../support/wait.js';

export interface Look {
  clients: {
    name: string;
    full: number;
    revisions: number[];
    failures: number;
    state: string;
    transport: string | null;
    flags: FlagDefinition[];
  }[];
  heap: number;
  handles: string[];
}

/** The process of clients over every transport that `restart-clients.mjs` is. */
export class ClientsProcess {
  readonly child: ChildProcess;

  constructor(url: string, key: string) {
    const path = join(projectRoot(), 'test/client/support/restart-clients.mjs');
    this.child = fork(path, [url, key], { execArgv: ['--expose-gc'], cwd: projectRoot() });
  }

  /** What they hold now. */
  async look(): Promise<Look> {
    const answer = once(this.child, 'message');
    this.child.send('look');
    return ((await within(answer, 10_000, 'the answer of the clients')) as [Look])[0];
  }

  /** Waits until every one of them holds just these flags, by their ids. */
  async agreeWith(flags: ReadonlyMap<string, unknown>): Promise<void> {
    const check = async () => {
      for (const client of (await this.look()).clients)
        expect([client.name, new Map(client.flags.map((flag) => [flag.id, flag]))]).toEqual([client.name, flags]);
    };
    await eventually(check, { timeoutMs: 60_000, intervalMs: 100, what: 'all clients at the same flags' });
  }

  /** Closes the clients. @returns exit code and signal of the process, which ends by itself. */
  async close(): Promise<unknown[]> {
    const ended = once(this.child, 'exit');
    this.child.send('close');
    return within(ended, 20_000, 'the end of the process');
  }
}
