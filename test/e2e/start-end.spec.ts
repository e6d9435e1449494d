import { copyFile } from 'node:fs/promises';
import { describe, expect, it } from '@jest/globals';
import { freePort } from '../support/free-port.js';
import { httpRequest } from '../support/http-request.js';
import { SseProbe } from '../support/sse-client.js';
import { databases, type TestServer } from '../support/server.js';
import { useServers } from '../support/use-servers.js';
import { eventually } from '../support/wait.js';

const start = useServers();
const fileOf = (databaseUrl: string) => databaseUrl.replace(/^sqlite:/, '');
const ORDERLY = { code: 0, signal: null };

async function streamsOf(server: TestServer, count: number): Promise<SseProbe[]> {
  const { key } = await server.admin.createKey('production');
  const probes = await Promise.all(Array.from({ length: count }, () => SseProbe.connect({ url: server.url, key })));
  await Promise.all(probes.map((probe) => probe.waitForSync()));
  return probes;
}

describe.each(['SIGTERM', 'SIGINT'] as const)('%s', (signal) => {
  it('ends an idle server with exit code 0', async () => {
    const server = await start();
    await expect(server.kill(signal)).resolves.toEqual(ORDERLY);
  });

  it('says goodbye to every stream, answers a long poll, and ends with exit code 0', async () => {
    const server = await start({ env: { FLAGWIRE_DRAIN_S: '1' } });
    const probes = await streamsOf(server, 10);
    const { key } = await server.admin.createKey('production');
    const waiting = httpRequest(`${server.url}/sdk/poll?since=${probes[0]?.cursor}&wait=50`, { headers: { 'X-API-Key': key } });
    // Until the poll is known to have arrived: the key's use is noted when it does.
    await server.admin.request('GET', '/api/projects');
    await expect(server.kill(signal)).resolves.toEqual(ORDERLY);
    expect((await waiting).status).toBe(200);
    for (const probe of probes) {
      await expect(probe.closed).resolves.toMatchObject({ by: 'server' });
      expect(probe.goodbye).toMatchObject({ reason: 'shutdown' });
      expect(probe.goodbye?.retry_after_ms).toBeGreaterThanOrEqual(1000);
      probe.assertInOrder();
    }
  });

  it('may come twice, as from a terminal through npm, and still says goodbye to everybody', async () => {
    const server = await start({ env: { FLAGWIRE_DRAIN_S: '1' } });
    const probes = await streamsOf(server, 10);
    const end = server.kill(signal);
    await Promise.race(probes.map((probe) => probe.closed));
    server.signal(signal);
    server.signal(signal);
    await expect(end).resolves.toEqual(ORDERLY);
    for (const probe of probes) expect(probe.goodbye).toMatchObject({ reason: 'shutdown' });
  });
});

describe('a server that is told to end', () => {
  it('is not ready while it drains, and sends newcomers away with a delay', async () => {
    const server = await start({ env: { FLAGWIRE_DRAIN_S: '4' } });
    const probes = await streamsOf(server, 20);
    const { key } = await server.admin.createKey('production');
    const poll = () => httpRequest(`${server.url}/sdk/poll`, { headers: { 'X-API-Key': key, Connection: 'keep-alive' } });
    await poll();
    expect((await poll()).header('connection')).toBe('keep-alive');
    const end = server.kill('SIGTERM');
    await Promise.race(probes.map((probe) => probe.closed));
    const ready = await httpRequest(`${server.url}/health/ready`);
    expect([ready.status, ready.json()]).toMatchObject([503, { status: 'draining' }]);
    const live = await httpRequest(`${server.url}/health/live`, { headers: { Connection: 'keep-alive' } });
    expect([live.status, live.header('connection')]).toEqual([200, 'close']);
    const polled = await poll();
    expect([polled.status, polled.header('connection')]).toEqual([200, 'close']);
    const late = await SseProbe.connect({ url: server.url, key });
    await late.closed;
    expect(late.goodbye).toMatchObject({ reason: 'shutdown' });
    late.assertInOrder();
    await expect(end).resolves.toEqual(ORDERLY);
  });

  it('ends in order also while it waits for its database', async () => {
    const database = `postgres://flagwire:secret@127.0.0.1:${await freePort()}/flagwire`;
    const server = await start({ database, until: 'live' });
    expect((await httpRequest(`${server.url}/health/ready`)).status).toBe(503);
    await eventually(() => /cannot be reached/.test(server.stdout() + server.stderr()), { timeoutMs: 10_000 });
    await expect(server.stop()).resolves.toEqual(ORDERLY);
    expect(server.stdout() + server.stderr()).not.toContain('secret');
  });

  it.each(databases)('ends in order at whatever moment of its start it is told to (%s)', async (database) => {
    // From "live" on signals are heard. So many answers later the database is opened, migrated, filled, or loaded.
    for (const answers of [0, 5, 20]) {
      const server = await start({ database, until: 'live', env: { FLAGWIRE_DRAIN_DELAY_S: '0' } });
      for (let count = 0; count < answers; count += 1) await httpRequest(`${server.url}/health/live`);
      await expect(server.stop()).resolves.toEqual(ORDERLY);
      expect(server.stdout() + server.stderr()).not.toMatch(/error/i);
    }
  });

  it('says when it has ended, as its last line', async () => {
    const server = await start();
    await server.stop();
    expect(server.stdout().trimEnd().split('\n').at(-1)).toMatch(/Ended after \d+\.\d s/);
  });

  it('leaves its whole database in the one file, on SQLite', async () => {
    const server = await start({ database: 'sqlite' });
    await server.admin.createFlag('kept');
    await server.stop();
    const copy = `${server.databaseUrl}.copy`;
    await copyFile(fileOf(server.databaseUrl), fileOf(copy));
    const other = await start({ database: copy });
    expect((await other.admin.getFlag('kept')).status).toBe(200);
  });

  it('gives the port and the file back at once', async () => {
    const server = await start();
    await server.admin.createFlag('kept');
    for (let turn = 0; turn < 3; turn += 1) await server.restart();
    expect((await server.admin.getFlag('kept')).status).toBe(200);
  });
});
