import { existsSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { npm } from './npm.js';

const PLATFORM = `node-${process.platform}-${process.arch}`;

/**
 * A Node.js 24: this one, or one from the registry, kept in the temporary folder. Only for platforms that the registry has
 * (Linux and macOS, x64 and arm64).
 */
export async function node24(): Promise<string> {
  if (process.versions.node.startsWith('24.')) return process.execPath;
  const goal = join(tmpdir(), `flagwire-node-24-${userInfo().uid}`);
  const binary = join(goal, 'node_modules', PLATFORM, 'bin', 'node');
  if (existsSync(binary)) return binary;
  const draft = mkdtempSync(`${goal}-`);
  writeFileSync(join(draft, 'package.json'), '{"private": true}');
  await npm(draft, ['install', `${PLATFORM}@24`]);
  try {
    renameSync(draft, goal);
  } catch (error) {
    // Another process was first.
    rmSync(draft, { recursive: true, force: true });
    if (!existsSync(binary)) throw error;
  }
  return binary;
}
