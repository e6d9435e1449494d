import { existsSync, readdirSync } from 'node:fs';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { RawHttp, requestText, type RequestParts } from '../support/raw-http.js';
import { SseProbe } from '../support/sse-client.js';
import { type TestServer } from '../support/server.js';
import { useServers } from '../support/use-servers.js';
import { eventually } from '../support/wait.js';
import { withSeed } from '../support/random.js';
import { metric } from './support/metrics.js';
import { RawStream } from './support/raw-stream.js';

const LONG = 30_000;

const start = useServers();
let server: TestServer;
let key: string;
/** Whom nothing of this may disturb. */
let bystander: SseProbe;

beforeAll(async () => {
  server = await start();
  ({ key } = await server.admin.createKey('production'));
  for (let count = 0; count < 20; count += 1) await server.admin.createFlag(`flag-${count}`);
});

beforeEach(async () => {
  bystander = await SseProbe.connect({ url: server.url, key });
  await bystander.waitForSync(LONG);
});

afterEach(async () => {
  await bystander.waitForCursor(await change(), LONG);
  bystander.assertInOrder();
  await bystander.close();
  await expectConnections(0);
});

afterAll(() => server.stop());

async function expectConnections(count: number): Promise<void> {
  const reached = async () => (await metric(server, 'flagwire_connections')) === count;
  await eventually(reached, { timeoutMs: LONG, what: `${count} connections` });
}

/** Open files and sockets of the server; 0 where the system does not tell. */
function descriptors(): number {
  return existsSync('/proc/self/fd') ? readdirSync(`/proc/${server.pid}/fd`).length : 0;
}

const connect = () => RawHttp.connect({ port: server.port });

function get(path: string, headers: Record<string, string> = {}): RequestParts {
  return { path, headers: { Authorization: `Bearer ${key}`, ...headers } };
}

let turn = 0;
async function change(): Promise<string> {
  turn += 1;
  const { cursors } = await server.admin.patchFlag('flag-0', { name: `turn ${turn}` });
  return String(cursors['production']);
}

describe('a connection', () => {
  it('is used again after 200, 304, a long poll and refusals, and for a stream at last', async () => {
    const client = await connect();
    const ask = async (parts: RequestParts) => {
      await client.request(parts);
      const head = await client.readHead('GET', LONG);
      return { head, body: (await client.readBody(LONG)).toString() };
    };
    const whole = await ask(get('/sdk/poll'));
    const { etag, cursor } = JSON.parse(whole.body) as { etag: string; cursor: string };
    const statuses = [whole.head.status];
    for (const parts of [
      get('/sdk/poll', { 'If-None-Match': etag }),
      get('/sdk/poll?wait=1', { 'If-None-Match': etag }),
      get(`/sdk/poll?since=${cursor}&wait=1`),
      get('/sdk/poll?wait=56'),
      { path: '/sdk/poll' },
      { path: '/sdk/stream' },
      get('/sdk/stream?env=staging'),
      { ...get('/sdk/ticket', { 'Content-Type': 'application/json' }), method: 'POST', body: '{"flags": ["a"]}' },
    ]) {
      statuses.push((await ask(parts)).head.status);
    }
    expect(statuses).toEqual([200, 304, 304, 200, 400, 401, 401, 403, 200]);
    const stream = new RawStream(client);
    expect((await stream.open(get('/sdk/stream'))).status).toBe(200);
    await stream.reach(await change());
    stream.assertInOrder();
    client.destroy();
  });

  it('is closed after the answer where the client asks for that, but not under a stream', async () => {
    const poller = await connect();
    await poller.request(get('/sdk/poll', { Connection: 'close' }));
    expect((await poller.readHead('GET', LONG)).headers.get('connection')).toBe('close');
    await poller.readBody(LONG);
    await expect(poller.closed).resolves.toBe('end');

    const doomed = await server.admin.createKey('production');
    const stream = new RawStream(await connect());
    await stream.open({ path: '/sdk/stream', headers: { 'X-API-Key': doomed.key, Connection: 'close' } });
    await stream.sync();
    await stream.reach(await change());
    await server.admin.revokeKey('production', doomed.id);
    expect(await stream.readToEnd()).toMatchObject({ type: 'Goodbye' });
    stream.assertInOrder();
    // RFC 9112 section 9.6: nothing more is answered on it.
    await stream.client.request(get('/sdk/poll')).catch(() => undefined);
    await expect(stream.client.readHead('GET', LONG)).rejects.toThrow('ended before a head');
  });

  it('takes a stream request that has a body, and one in absolute form', async () => {
    for (const parts of [{ ...get('/sdk/stream'), body: 'what for?' }, get(`${server.url}/sdk/stream`)]) {
      const stream = new RawStream(await connect());
      expect((await stream.open(parts)).status).toBe(200);
      await stream.sync();
      await stream.reach(await change());
      stream.assertInOrder();
      stream.client.destroy();
    }
  });

  it.each([
    ['noise', 'NOISE\r\n\r\n', 400],
    [
      'two lengths',
      `${requestText({ path: '/sdk/ticket', method: 'POST' }).trimEnd()}\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n`,
      400,
    ],
    [
      'a length and chunks',
      `${requestText({ path: '/sdk/ticket', method: 'POST' }).trimEnd()}\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
      400,
    ],
    ['a head without an end', `GET /sdk/poll HTTP/1.1\r\nHost: a\r\nX: ${'x'.repeat(70_000)}`, 431],
  ])('is refused where it sends %s', async (_name, text, status) => {
    const client = await connect();
    await client.send(text);
    expect((await client.readHead('GET', LONG)).status).toBe(status);
    await expect(client.closed).resolves.not.toBe('client');
    client.destroy();
  });
});

describe('a client that leaves', () => {
  it.each(['reset', 'destroy', 'end'] as const)('in the middle of its handshake, by %s', async (how) => {
    const text = requestText(get('/sdk/stream'));
    for (let length = 1; length <= text.length; length += 17) {
      const client = await connect();
      await client.send(text.slice(0, length));
      client[how]();
    }
    const whole = await Promise.all(Array.from({ length: 20 }, connect));
    await Promise.all(whole.map((client) => client.send(text)));
    for (const client of whole) client[how]();
    await expectConnections(1);
    for (const client of whole) client.destroy();
  });

  it('by sending its FIN is answered with ours', async () => {
    const stream = new RawStream(await connect());
    await stream.open(get('/sdk/stream'));
    await stream.sync();
    stream.client.end();
    await expect(stream.client.closed).resolves.toBe('end');
    await expectConnections(1);
    stream.client.destroy();
  });

  it('while its long poll waits is not waited for', async () => {
    const before = descriptors();
    const clients = await Promise.all(Array.from({ length: 20 }, connect));
    for (const client of clients) {
      await client.request(get(`/sdk/poll?since=${bystander.cursor}&wait=50`));
      client.reset();
    }
    await bystander.waitForCursor(await change(), LONG);
    expect((await server.admin.request('GET', '/health/live')).status).toBe(200);
    await eventually(() => expect(descriptors()).toBeLessThanOrEqual(before + 2), { timeoutMs: LONG });
  });

  it('200 times leaves nothing behind', async () => {
    const before = descriptors();
    await withSeed(async (random) => {
      const visit = async (): Promise<void> => {
        const stream = new RawStream(await connect());
        const how = random.pick(['reset', 'destroy', 'end'] as const);
        const stage = random.int(0, 3);
        if (stage === 0) await stream.client.request(get('/sdk/stream'));
        else await stream.open(get('/sdk/stream'));
        if (stage >= 2) await stream.sync();
        if (stage === 3) await stream.reach(await change());
        stream.assertInOrder();
        stream.client[how]();
        if (how === 'end') await stream.client.closed;
        stream.client.destroy();
      };
      for (let round = 0; round < 20; round += 1) await Promise.all(Array.from({ length: 10 }, visit));
    });
    await expectConnections(1);
    await eventually(() => expect(descriptors()).toBeLessThanOrEqual(before + 2), { timeoutMs: LONG });
    expect(await metric(server, 'flagwire_cut_connections_total')).toBe(0);
    expect((await server.admin.request('GET', '/health/live')).status).toBe(200);
  });
});
