import { spawn, type ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { projectRoot } from '../support/project-root.js';
import { type TestServer } from '../support/server.js';
import { useServers } from '../support/use-servers.js';
import { eventually } from '../support/wait.js';
import { metric } from './support/metrics.js';

const LONG = 60_000;

interface Line {
  type: string;
  flags: Record<string, { name: string; status: string }>;
}

const start = useServers();
let server: TestServer;
let url: string;
let client: ChildProcess;
const lines: Line[] = [];
let complaints = '';

beforeAll(async () => {
  server = await start();
  const { key } = await server.admin.createKey('production');
  url = `${server.url}/sdk/stream?key=${key}`;
  await server.admin.createFlag('first', { environments: { production: { status: 'enabled' } } });
  client = spawn(process.execPath, [join(projectRoot(), 'test/e2e/support/seed-client.mjs'), url], { stdio: 'pipe' });
  if (client.stdout === null) throw new Error('no output to read');
  createInterface({ input: client.stdout }).on('line', (line) => lines.push(JSON.parse(line) as Line));
  client.stderr?.on('data', (text: Buffer) => (complaints += text.toString()));
});

afterAll(async () => {
  client.kill('SIGKILL');
  await server.stop();
});

/** The types of what it received; heartbeats may come at any time. */
function typesFrom(index: number): string[] {
  const types = lines.map(({ type }) => type).filter((type) => type !== 'Heartbeat');
  return types.slice(index);
}

/** What the client holds now, as `name: status`. */
function held(): Record<string, string> {
  return Object.fromEntries(
    Object.entries(lines.at(-1)?.flags ?? {}).map(([id, { name, status }]) => [id, `${name}: ${status}`]),
  );
}

async function expectHeld(wanted: Record<string, string>): Promise<void> {
  await eventually(() => expect(held()).toEqual(wanted), { timeoutMs: LONG });
}

describe("the first specification's own sample client, with an EventSource", () => {
  it('has every flag after its first SyncComplete', async () => {
    await eventually(() => lines.some(({ type }) => type === 'SyncComplete'), { timeoutMs: LONG });
    await expectHeld({ first: 'first: enabled' });
    expect(typesFrom(0)).toEqual(['SyncStarted', 'FlagUpdated', 'SyncComplete']);
  });

  it('follows a creation, an edit, a switch and a deletion', async () => {
    await server.admin.createFlag('second');
    await expectHeld({ first: 'first: enabled', second: 'second: disabled' });
    await server.admin.patchFlag('second', { name: 'Second 旗' });
    await expectHeld({ first: 'first: enabled', second: 'Second 旗: disabled' });
    await server.admin.patchEnv('second', 'production', { status: 'enabled' });
    await expectHeld({ first: 'first: enabled', second: 'Second 旗: enabled' });
    await server.admin.patchEnv('first', 'production', { status: 'disabled' });
    await expectHeld({ first: 'first: disabled', second: 'Second 旗: enabled' });
    await server.admin.archive('second');
    await expectHeld({ first: 'first: disabled' });
    expect(typesFrom(3)).toEqual(['FlagCreated', 'FlagUpdated', 'FlagStatusChanged', 'FlagStatusChanged', 'FlagDeleted']);
  });

  it('follows a change set of several flags', async () => {
    await server.admin.createFlag('third');
    await server.admin.changeSet('production', [
      { flag: 'first', status: 'enabled' },
      { flag: 'third', status: 'enabled', default_variant: 'on' },
    ]);
    await expectHeld({ first: 'first: enabled', third: 'third: enabled' });
  });

  it('comes back after a restart of the server, and has every flag right after its next SyncComplete', async () => {
    const seen = lines.length;
    await server.stop();
    await server.restart();
    // While it is away, for all that it knows.
    await server.admin.patchFlag('first', { name: 'First' });
    await server.admin.createFlag('fourth');
    await eventually(() => lines.slice(seen).some(({ type }) => type === 'SyncComplete'), { timeoutMs: LONG });
    await expectHeld({ first: 'First: enabled', third: 'third: enabled', fourth: 'fourth: disabled' });
  });

  it('comes back after the server was killed', async () => {
    const seen = lines.length;
    await server.kill('SIGKILL');
    await server.restart();
    await server.admin.patchEnv('fourth', 'production', { status: 'enabled' });
    await eventually(() => lines.slice(seen).some(({ type }) => type === 'SyncComplete'), { timeoutMs: LONG });
    await expectHeld({ first: 'First: enabled', third: 'third: enabled', fourth: 'fourth: enabled' });
    // It never closes an EventSource, so it may have several by now: each change reaches it, on every one of them.
    await eventually(async () => (await metric(server, 'flagwire_connections')) > 0, { timeoutMs: LONG });
    await server.admin.patchFlag('fourth', { name: 'Fourth' });
    await expectHeld({ first: 'First: enabled', third: 'third: enabled', fourth: 'Fourth: enabled' });
    expect(complaints).toBe('');
    expect(client.exitCode).toBeNull();
    expect(lines.map(({ type }) => type)).not.toContain('polling');
  });
});
