import { readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** What lets a process collect its garbage when it is asked to: `collected` below. Nothing else about it is different. */
export const COLLECTABLE = ['--expose-gc', '--import', `file://${join(import.meta.dirname, 'load', 'collect-on-signal.mjs')}`];

const ANSWER_MS = 10_000;

export interface Memory {
  /** Bytes that the kernel has given the process. */
  resident: number;
  /** Bytes in use by JavaScript, and by buffers. */
  used: number;
}

export function residentOf(pid: number): number {
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) * 1024;
}

/** After the garbage has been collected. */
export async function collected(pid: number): Promise<Memory> {
  const file = join(tmpdir(), `flagwire-bench-${pid}.json`);
  process.kill(pid, 'SIGUSR2');
  for (const until = performance.now() + ANSWER_MS; performance.now() < until; await sleep(20)) {
    const used = usedIn(file);
    if (used !== null) return { resident: residentOf(pid), used };
  }
  throw new Error(`The process ${pid} does not collect its garbage`);
}

function usedIn(file: string): number | null {
  try {
    const used = Number(readFileSync(file, 'utf8'));
    rmSync(file);
    return used;
  } catch {
    return null;
  }
}
