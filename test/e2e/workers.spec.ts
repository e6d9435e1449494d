import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { parseCursor } from '../support/cursor.js';
import { propagation } from '../support/receipts.js';
import { runServerToEnd, type TestServer } from '../support/server.js';
import { SseProbe } from '../support/sse-client.js';
import { useServers } from '../support/use-servers.js';
import { eventually } from '../support/wait.js';
import { metric } from './support/metrics.js';

const WORKERS = 2;
const CLIENTS = 6;
const PATIENCE = { timeoutMs: 20_000 };
const SETTINGS = { FLAGWIRE_WORKERS: String(WORKERS), FLAGWIRE_NODE_NAME: 'one-server' };

const childrenOf = (pid: number): number[] =>
  readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean).map(Number);

describe('A server with workers', () => {
  const start = useServers();
  let server: TestServer;
  let key: string;
  let probes: SseProbe[];
  let on = false;

  /** Gives the cursor after it. */
  async function change(): Promise<string> {
    on = !on;
    const { cursors } = await server.admin.patchEnv('one', 'production', { status: on ? 'enabled' : 'disabled' });
    return cursors['production'] ?? '';
  }

  async function everybodyHasTheNext(): Promise<void> {
    const cursor = await change();
    for (const probe of probes) await probe.waitForCursor(cursor);
    for (const probe of probes) probe.assertInOrder();
  }

  beforeAll(async () => {
    server = await start({ database: 'postgres', env: SETTINGS });
    await eventually(() => childrenOf(server.pid).length === WORKERS, PATIENCE);
    await server.admin.createFlag('one');
    key = (await server.admin.createKey('production')).key;
    await eventually(() => server.stdout().match(/Flagwire is listening/g)?.length === WORKERS, PATIENCE);
    probes = await Promise.all(Array.from({ length: CLIENTS }, () => SseProbe.connect({ url: server.url, key })));
    for (const probe of probes) await probe.waitForSync();
  }, 60_000);

  it('is a node for each of them, and every client has every change, whichever it is connected to', async () => {
    for (let made = 0; made < 5; made += 1) await everybodyHasTheNext();
    await eventually(async () => {
      const { nodes, clients } = await propagation(server.admin, parseCursor(await change())!.revision);
      expect(nodes.map(({ node }) => node).sort()).toEqual(['one-server-1', 'one-server-2']);
      for (const node of nodes) expect(node.clients).toBeGreaterThan(0);
      expect(clients.connected).toBe(CLIENTS);
    }, PATIENCE);
  });

  it('shows the figures of all of them to whoever asks one, each by the name of its node', async () => {
    expect(await metric(server, 'flagwire_connections')).toBe(CLIENTS);
    const { body } = await server.admin.call<string>('GET', '/metrics');
    for (const node of ['one-server-1', 'one-server-2']) {
      const own = body.split('\n').filter((line) => line.startsWith('process_resident_memory_bytes{') && line.includes(node));
      expect(own).toHaveLength(1);
    }
  });

  it('has another one in the place of one that was killed, whose clients go on where they were', async () => {
    const [killed, kept] = childrenOf(server.pid);
    process.kill(killed!, 'SIGKILL');
    await eventually(() => probes.some((probe) => !probe.isOpen));
    const missed = await change();
    const cut = probes.filter((probe) => !probe.isOpen);
    expect(cut.length).toBeLessThan(CLIENTS);
    probes = [...probes.filter((probe) => probe.isOpen), ...(await Promise.all(cut.map((probe) => probe.reconnect())))];
    for (const probe of probes) await probe.waitForCursor(missed);
    await everybodyHasTheNext();
    await eventually(() => {
      const now = childrenOf(server.pid);
      expect(now).toHaveLength(WORKERS);
      expect(now).toContain(kept);
      expect(now).not.toContain(killed);
    }, PATIENCE);
    expect(server.stdout() + server.stderr()).toMatch(/Worker [12] ended \(SIGKILL\): another one takes its place/);
    await eventually(async () => (await metric(server, 'flagwire_connections')) === CLIENTS, PATIENCE);
  }, 60_000);

  it('says goodbye by all of them when it is told to end, and ends with 0 when they have', async () => {
    const workers = childrenOf(server.pid);
    const { code } = await server.stop();
    expect(code).toBe(0);
    await Promise.all(probes.map((probe) => probe.closed));
    expect(probes.map((probe) => probe.goodbye?.reason)).toEqual(probes.map(() => 'shutdown'));
    for (const worker of workers) expect(() => process.kill(worker, 0)).toThrow('ESRCH');
  }, 30_000);

  it('leaves none behind where it is killed itself', async () => {
    await server.restart();
    await eventually(() => childrenOf(server.pid).length === WORKERS, PATIENCE);
    const workers = childrenOf(server.pid);
    await server.kill('SIGKILL');
    for (const worker of workers) await eventually(() => expect(() => process.kill(worker, 0)).toThrow('ESRCH'), PATIENCE);
  }, 60_000);
});

describe('A server that cannot have workers', () => {
  it('refuses more than one on SQLite, and says why and what to do', async () => {
    const { code, stderr } = await runServerToEnd({ env: { FLAGWIRE_WORKERS: '2' } });
    expect(code).toBe(1);
    expect(stderr).toMatch(/FLAGWIRE_WORKERS must be 1 on SQLite.*one process.*DATABASE_URL/);
  });

  it('ends with 1 where none of them can start, and says why', async () => {
    const holder = createServer().listen(0, '127.0.0.1');
    await once(holder, 'listening');
    const { port } = holder.address() as AddressInfo;
    try {
      const { code, stderr } = await runServerToEnd({ database: 'postgres', env: { ...SETTINGS, PORT: String(port) } });
      expect(code).toBe(1);
      expect(stderr).toContain(`Port ${port} on 127.0.0.1 is taken by another program`);
    } finally {
      holder.close();
    }
  }, 60_000);
});
