import { type ChildProcess, execFileSync, spawn, type SpawnOptions } from 'node:child_process';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from '@jest/globals';
import { projectRoot } from '../support/project-root.js';
import { cleanEnvironment } from '../support/server-process.js';
import { eventually } from '../support/wait.js';

const TRANSPORTS = ['SSE stream', 'Socket.IO', 'WebSocket', 'long poll', 'poll, ETag'];
const LINE_OF = (transport: string) => new RegExp(`^ {2}${transport} +\\d+ ms {3}[\\w.-]+ is (enabled|disabled)$`, 'gm');
const START_MS = 40_000;

let demo: ChildProcess;
let output = '';

function start(): void {
  output = '';
  // A process group of its own, as a terminal gives it.
  const options: SpawnOptions = { detached: true, stdio: ['ignore', 'pipe', 'pipe'], env: cleanEnvironment({}) };
  demo = spawn(process.execPath, [join(projectRoot(), 'scripts/demo.mjs')], options);
  for (const stream of [demo.stdout, demo.stderr]) stream?.setEncoding('utf8').on('data', (text: string) => (output += text));
}

const ended = () => new Promise<number | null>((resolve) => demo.once('close', resolve));
const until = (fits: () => boolean) => eventually(fits, { timeoutMs: START_MS, what: 'the lines of the demo' });

function childOf(pid: number): number | undefined {
  const lines = execFileSync('ps', ['-A', '-o', 'pid=,ppid='], { encoding: 'utf8' }).trim().split('\n');
  return lines.map((line) => line.trim().split(/\s+/).map(Number)).find(([, parent]) => parent === pid)?.[0];
}

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

/** The server that the running demo has started. */
function serverPid(): number {
  const pid = childOf(demo.pid ?? 0);
  if (pid === undefined) throw new Error(`the demo has no child:\n${output}`);
  return pid;
}

afterEach(() => {
  if (demo.exitCode === null && demo.signalCode === null) demo.kill('SIGKILL');
});

describe('npm run demo', () => {
  it('shows every change on every transport with its delay, and Ctrl-C ends all of it', async () => {
    start();
    await until(() => TRANSPORTS.every((transport) => (output.match(LINE_OF(transport))?.length ?? 0) >= 3));
    const server = serverPid();
    const end = ended();
    process.kill(-(demo.pid ?? 0), 'SIGINT');
    await expect(end).resolves.toBe(0);
    expect(isRunning(server)).toBe(false);
  }, 60_000);

  it('ends with 1 when its server dies', async () => {
    start();
    await until(() => output.includes('SSE stream'));
    const end = ended();
    process.kill(serverPid(), 'SIGKILL');
    await expect(end).resolves.toBe(1);
    expect(output).toContain('The server has ended by itself.');
  }, 60_000);
});
