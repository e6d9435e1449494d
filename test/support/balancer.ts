import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from './free-port.js';
import { eventually, within } from './wait.js';

/** Whether a program is on the PATH. */
export function has(command: string): boolean {
  try {
    execFileSync('which', [command], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

/** What stands in the file of each program, and how it is started with it. */
const PROGRAMS = {
  nginx: {
    args: (file: string) => ['-c', file],
    around: (http: string, folder: string) => `daemon off; pid ${folder}/pid; error_log stderr;
      worker_processes 2; worker_rlimit_nofile 8192;
      events { worker_connections 4096; }
      http {
        access_log off;
        client_body_temp_path ${folder}/a; proxy_temp_path ${folder}/b; fastcgi_temp_path ${folder}/c;
        uwsgi_temp_path ${folder}/d; scgi_temp_path ${folder}/e;
        ${http}
      }`,
  },
  haproxy: { args: (file: string) => ['-db', '-f', file], around: (text: string) => text },
} as const;

export type Program = keyof typeof PROGRAMS;

/** A real proxy of Debian's on 127.0.0.1, a process of its own, in front of servers that speak for themselves. */
export class Balancer {
  private said = '';
  private readonly ended: Promise<unknown>;

  private constructor(
    readonly port: number,
    private readonly child: ChildProcess,
    private readonly folder: string,
  ) {
    child.stderr?.setEncoding('utf8').on('data', (text: string) => (this.said = (this.said + text).slice(-10_000)));
    this.ended = new Promise((resolve, reject) => child.once('close', resolve).once('error', reject));
    this.ended.catch(() => undefined);
  }

  /**
   * @param configuration what it is to do, for the port that it is to listen on; of nginx, what stands in `http`.
   * @throws Error with what it said, where it does not pass on `/health/live` within ten seconds.
   */
  static async start(program: Program, configuration: (port: number) => string): Promise<Balancer> {
    const { args, around } = PROGRAMS[program];
    const folder = mkdtempSync(join(tmpdir(), `flagwire-${program}-`));
    chmodSync(folder, 0o755); // its workers are other users
    const port = await freePort();
    const file = join(folder, 'configuration');
    writeFileSync(file, around(configuration(port), folder));
    const child = spawn(program, args(file), { stdio: ['ignore', 'ignore', 'pipe'] });
    process.once('exit', () => void child.kill());
    const balancer = new Balancer(port, child, folder);
    const isUp = async () => (await fetch(`${balancer.url}/health/live`)).ok;
    try {
      await eventually(isUp, { timeoutMs: 10_000, what: program });
    } catch (error) {
      await balancer.stop();
      throw new Error(`${String(error)}\n${balancer.said}`, { cause: error });
    }
    return balancer;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** Ends the process with all that it passes on. May be called again. */
  async stop(): Promise<void> {
    this.child.kill();
    await within(this.ended, 10_000, 'the end of the balancer');
    rmSync(this.folder, { recursive: true, force: true });
  }
}
