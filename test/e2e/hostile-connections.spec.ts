import { afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { type AdminClient } from '../support/admin-client.js';
import { RawHttp, requestText } from '../support/raw-http.js';
import { ADMIN_TOKEN, type TestServer } from '../support/server.js';
import { useServers } from '../support/use-servers.js';
import { eventually } from '../support/wait.js';
import { metric } from './support/metrics.js';

const LONG = 20_000;
const FLAGS = '/api/projects/default/flags';

describe('a client that takes its time', () => {
  const start = useServers();
  const clients: RawHttp[] = [];
  let server: TestServer;
  let admin: AdminClient;
  let key: string;

  beforeAll(async () => {
    const env = { FLAGWIRE_HEADERS_TIMEOUT_S: '1', FLAGWIRE_REQUEST_TIMEOUT_S: '2', FLAGWIRE_PING_S: '0.5' };
    server = await start({ env });
    ({ admin } = server);
    ({ key } = await admin.createKey('production'));
    await admin.createFlag('right');
  });

  afterEach(() => {
    for (const client of clients.splice(0)) client.destroy();
  });

  async function connect(): Promise<RawHttp> {
    const client = await RawHttp.connect({ port: server.port });
    clients.push(client);
    return client;
  }

  async function expectRefused(client: RawHttp, status: number, code: string): Promise<void> {
    const head = await client.readHead('GET', LONG);
    expect([head.status, head.headers.get('content-type')]).toEqual([status, 'application/problem+json']);
    expect(JSON.parse((await client.readBody()).toString())).toMatchObject({ status, code });
    await expect(client.closed).resolves.not.toBe('client');
  }

  /** A byte now and then, until the other side has had enough. */
  async function drip(client: RawHttp): Promise<void> {
    let isOpen = true;
    void client.closed.then(() => (isOpen = false));
    const more = async (): Promise<boolean> => {
      await client.send('x').catch(() => undefined);
      return !isOpen;
    };
    await eventually(more, { timeoutMs: LONG, what: 'the end of the connection' });
  }

  it('to say anything at all is sent away', async () => {
    await expectRefused(await connect(), 408, 'request_timeout');
  });

  it('with its headers is sent away', async () => {
    const client = await connect();
    await client.send('GET /health/live HTTP/1.1\r\nHost: x\r\nX-Slow: ');
    const end = drip(client);
    await expectRefused(client, 408, 'request_timeout');
    await end;
  });

  it('with its body is sent away, and nothing is written', async () => {
    const client = await connect();
    const head = ['Host: x', `Authorization: Bearer ${ADMIN_TOKEN}`, 'Content-Type: application/json', 'Content-Length: 100000'];
    await client.send([`POST ${FLAGS} HTTP/1.1`, ...head, '', '{"id": "slow", "name": "'].join('\r\n'));
    await drip(client);
    expect((await admin.request('GET', `${FLAGS}/slow`)).status).toBe(404);
    expect((await admin.request('GET', '/health/live')).status).toBe(200);
  });

  it('to read a stream, or to wait for a change, is served for as long as it likes', async () => {
    const stream = await connect();
    await stream.request({ path: '/sdk/stream', headers: { Authorization: `Bearer ${key}` } });
    const { cursor } = (await admin.as(key).call<{ cursor: string }>('GET', '/sdk/poll')).body;
    const poll = await connect();
    await poll.request({ path: `/sdk/poll?since=${cursor}&wait=5`, headers: { Authorization: `Bearer ${key}` } });
    expect((await stream.readHead()).status).toBe(200);
    // Twelve pings are six seconds: longer than a request may take to come.
    for (let pings = 0; pings < 12; pings += 1) await stream.readUntil(': ping', LONG);
    expect([200, 304]).toContain((await poll.readHead('GET', LONG)).status);
  });

  it('between two requests is not told anything', async () => {
    const client = await connect();
    await client.request({ path: '/health/live' });
    expect((await client.readHead()).status).toBe(200);
    await client.readBody();
    const received = client.bytesReceived;
    await expect(client.closed).resolves.toBe('end');
    expect(client.bytesReceived).toBe(received);
  });

  it.each([
    ['nonsense', 'nonsense\r\n\r\n', 400, 'malformed_http'],
    ['TLS', '\u0016\u0003\u0001\u0002\u0000', 400, 'malformed_http'],
    ['two lengths', `POST ${FLAGS} HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n`, 400, 'malformed_http'],
    [
      'a length and chunks',
      `POST ${FLAGS} HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n`,
      400,
      'malformed_http',
    ],
    ['a NUL in a header', 'GET / HTTP/1.1\r\nHost: x\r\nX: a\u0000b\r\n\r\n', 400, 'malformed_http'],
    ['a line break in a header', 'GET / HTTP/1.1\r\nHost: x\r\nX: a\rb\r\n\r\n', 400, 'malformed_http'],
    ['no Host', 'GET /health/live HTTP/1.1\r\n\r\n', 400, 'malformed_http'],
    ['an expectation', 'GET /health/live HTTP/1.1\r\nHost: x\r\nExpect: tea\r\n\r\n', 417, 'expectation_failed'],
    ['headers of 20 KiB', `GET / HTTP/1.1\r\nHost: x\r\nX: ${'a'.repeat(20_480)}\r\n\r\n`, 431, 'headers_too_large'],
  ])('and sends %s is answered by a problem document', async (_, text, status, code) => {
    const client = await connect();
    await client.send(text);
    await expectRefused(client, status, code);
  });

  it('and sends nonsense behind a stream gets no second answer into it', async () => {
    const client = await connect();
    await client.send(`${requestText({ path: '/sdk/stream', headers: { Authorization: `Bearer ${key}` } })}nonsense\r\n\r\n`);
    const text = await client.readHead('GET', LONG).then(({ status }) => String(status), String);
    expect(text).toMatch(/^200$|the connection ended before a head/);
  });
});

describe('ten thousand connections of one key', () => {
  const start = useServers();

  it('are a thousand streams and nine thousand goodbyes; the server lives, and lets go of all of them', async () => {
    const server = await start();
    const { key } = await server.admin.createKey('production');
    const request = requestText({ path: '/sdk/stream', headers: { Authorization: `Bearer ${key}` } });
    const kept: RawHttp[] = [];
    let goodbyes = 0;
    const knock = async (): Promise<void> => {
      const client = await RawHttp.connect({ port: server.port });
      await client.send(request);
      expect((await client.readHead('GET', LONG)).status).toBe(200);
      const text = await client.readUntil('\n\n', LONG);
      const first = text.includes('"type"') ? text : text + (await client.readUntil('\n\n', LONG));
      if (!first.includes('"Goodbye"')) return void kept.push(client);
      expect(first).toMatch(/retry: \d+/);
      goodbyes += 1;
      client.destroy();
    };
    for (let done = 0; done < 10_000; done += 200) await Promise.all(Array.from({ length: 200 }, knock));
    expect([kept.length, goodbyes]).toEqual([1000, 9000]);
    expect(await metric(server, 'process_resident_memory_bytes')).toBeLessThan(600 * 2 ** 20);
    const { key: other } = await server.admin.createKey('production');
    expect((await server.admin.as(other).request('GET', '/sdk/poll')).status).toBe(200);
    for (const client of kept) client.destroy();
    const none = async () => (await metric(server, 'flagwire_connections')) === 0;
    await eventually(none, { timeoutMs: LONG, what: 'the end of all connections' });
  }, 180_000);
});
