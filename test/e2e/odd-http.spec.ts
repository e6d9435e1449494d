import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { type CreatedKey } from '../support/admin-client.js';
import { RawHttp, requestText, type RequestParts } from '../support/raw-http.js';
import { SseProbe } from '../support/sse-client.js';
import { type TestServer } from '../support/server.js';
import { useServers } from '../support/use-servers.js';
import { eventually } from '../support/wait.js';
import { metric } from './support/metrics.js';
import { RawStream } from './support/raw-stream.js';

const LONG = 30_000;
/** Larger than one slice of a full sync, and with more bytes than characters. */
const TEXT = 'naïve 旗 '.repeat(3000);

const start = useServers();
let server: TestServer;
let key: string;
/** Whom nothing of this may disturb. */
let bystander: SseProbe;
const clients: RawHttp[] = [];

beforeAll(async () => {
  server = await start({ env: { FLAGWIRE_PING_S: '1', FLAGWIRE_HEARTBEAT_S: '1' } });
  ({ key } = await server.admin.createKey('production'));
  await server.admin.createFlag('switch');
  for (const id of ['big-1', 'big-2', 'big-3']) {
    await server.admin.createFlag(id, { value_type: 'string', variants: { on: TEXT, off: 'off' } });
  }
});

beforeEach(async () => {
  bystander = await SseProbe.connect({ url: server.url, key });
  await bystander.waitForSync(LONG);
});

afterEach(async () => {
  for (const client of clients.splice(0)) client.destroy();
  const cursor = await change();
  await bystander.waitForCursor(cursor, LONG);
  bystander.assertInOrder();
  await bystander.close();
  await expectConnections(0);
});

afterAll(() => server.stop());

async function expectConnections(count: number): Promise<void> {
  const reached = async () => (await metric(server, 'flagwire_connections')) === count;
  await eventually(reached, { timeoutMs: LONG, what: `${count} connections` });
}

async function connect(): Promise<RawHttp> {
  const client = await RawHttp.connect({ port: server.port });
  clients.push(client);
  return client;
}

function get(path: string, more: Partial<RequestParts> = {}, text = key): RequestParts {
  return { path, ...more, headers: { Authorization: `Bearer ${text}`, ...more.headers } };
}

let turn = 0;
/** One revision more; gives its cursor. */
async function change(): Promise<string> {
  turn += 1;
  const { cursors } = await server.admin.patchFlag('switch', { name: `turn ${turn} – ✓` });
  return String(cursors['production']);
}

describe('HTTP/1.0', () => {
  it.each([{}, { Connection: 'keep-alive' }])('gets a stream without chunks in its data (%j)', async (headers) => {
    const stream = new RawStream(await connect());
    const head = await stream.open(get('/sdk/stream', { version: '1.0', headers }));
    expect([head.status, head.headers.get('transfer-encoding')]).toEqual([200, undefined]);
    await stream.sync();
    expect(stream.checker.state.get('big-3')?.variants['on']).toBe(TEXT);
    for (let count = 0; count < 5; count += 1) await change();
    await stream.reach(await change());
    await stream.readUntil(() => stream.messages.some(({ type }) => type === 'Heartbeat'));
    stream.assertInOrder();
    expect(stream.client.chunks).toBe(0);
  });

  it('is told the end of a stream by the end of the connection', async () => {
    const doomed = await server.admin.createKey('production');
    const stream = new RawStream(await connect());
    await stream.open(get('/sdk/stream', { version: '1.0' }, doomed.key));
    await stream.sync();
    await server.admin.revokeKey('production', doomed.id);
    expect(await stream.readToEnd()).toMatchObject({ type: 'Goodbye', data: { reason: 'key_revoked' } });
    await expect(stream.client.closed).resolves.toBe('end');
    stream.assertInOrder();
  });

  it('gets polls, long ones too', async () => {
    const client = await connect();
    await client.request(get('/sdk/poll', { version: '1.0' }));
    const head = await client.readHead('GET', LONG);
    expect(head.headers.has('transfer-encoding')).toBe(false);
    const { cursor } = JSON.parse((await client.readBody(LONG)).toString()) as { cursor: string };
    const waiting = await connect();
    await waiting.request(get(`/sdk/poll?since=${cursor}&wait=20`, { version: '1.0' }));
    await change();
    expect((await waiting.readHead('GET', LONG)).status).toBe(200);
    expect(JSON.parse((await waiting.readBody(LONG)).toString())).toMatchObject({
      mode: 'delta',
      events: [{ type: 'FlagUpdated' }],
    });
  });
});

describe('pipelining', () => {
  const twoStreams = async (): Promise<{ client: RawHttp; first: RawStream; doomed: CreatedKey }> => {
    const doomed = await server.admin.createKey('production');
    const client = await connect();
    const requests = [get('/sdk/stream', {}, doomed.key), get('/sdk/stream')];
    await client.send(requests.map((request) => requestText(request)).join(''));
    const first = new RawStream(client);
    await first.readHead();
    await first.sync();
    return { client, first, doomed };
  };

  it('serves a second stream on a connection when the first has ended, or closes the connection', async () => {
    const { client, first, doomed } = await twoStreams();
    let cursor = '';
    for (let count = 0; count < 50; count += 1) cursor = await change();
    await first.reach(cursor);
    await bystander.waitForCursor(cursor, LONG);

    await server.admin.revokeKey('production', doomed.id);
    expect(await first.readToEnd()).toMatchObject({ type: 'Goodbye', data: { reason: 'key_revoked' } });
    first.assertInOrder();

    const second = new RawStream(client);
    const closed = await Promise.race([client.closed, second.readHead()]);
    if (typeof closed === 'string') return;
    expect(closed.status).toBe(200);
    await second.sync();
    await second.reach(await change());
    second.assertInOrder();
  });

  it('forgets both streams when the connection goes', async () => {
    const { client } = await twoStreams();
    client.reset();
    await expectConnections(1);
  });

  it('serves a stream behind a long poll, with all that came meanwhile', async () => {
    const client = await connect();
    const { cursor } = bystander;
    await client.send(
      requestText(get(`/sdk/poll?since=${cursor}&wait=50`)) + requestText(get(`/sdk/stream?last_event_id=${cursor}`)),
    );
    // Both have arrived: the key's connections are counted.
    await expectConnections(2);
    const end = await change();
    await bystander.waitForCursor(end, LONG);
    expect((await client.readHead('GET', LONG)).status).toBe(200);
    expect(JSON.parse((await client.readBody(LONG)).toString())).toMatchObject({ mode: 'delta', cursor: end });

    const stream = new RawStream(client, { cursor });
    expect((await stream.readHead()).status).toBe(200);
    await stream.reach(await change());
    stream.assertInOrder();
    expect(stream.revisions).toHaveLength(2);
  });

  it('answers polls in their order', async () => {
    const client = await connect();
    const { cursor } = bystander;
    const paths = [`/sdk/poll?since=${cursor}&wait=50`, '/sdk/poll', '/sdk/poll?wait=0', '/sdk/poll?since=none'];
    await client.send(paths.map((path) => requestText(get(path))).join(''));
    await bystander.waitFor(({ type }) => type === 'Heartbeat', LONG);
    await change();
    const bodies: unknown[] = [];
    for (const _ of paths) {
      await client.readHead('GET', LONG);
      bodies.push(JSON.parse((await client.readBody(LONG)).toString()));
    }
    expect(bodies).toMatchObject([{ mode: 'delta' }, { flags: [{}, {}, {}, {}] }, { status: 400 }, { mode: 'full' }]);
  });
});

describe('HEAD', () => {
  it('of a poll is the head of GET', async () => {
    const client = await connect();
    await client.request(get('/sdk/poll', { method: 'HEAD' }));
    const head = await client.readHead('HEAD', LONG);
    await client.request(get('/sdk/poll'));
    const whole = await client.readHead('GET', LONG);
    const body = await client.readBody(LONG);
    expect(head.status).toBe(200);
    for (const name of ['etag', 'last-modified', 'content-type', 'cache-control', 'vary', 'content-length']) {
      expect([name, head.headers.get(name)]).toEqual([name, whole.headers.get(name)]);
    }
    expect(Number(head.headers.get('content-length'))).toBe(body.length);
    await client.request(get('/sdk/poll', { method: 'HEAD', headers: { 'If-None-Match': head.headers.get('etag') ?? '' } }));
    expect((await client.readHead('HEAD', LONG)).status).toBe(304);
  });

  it('of a stream is its head, and no stream', async () => {
    const client = await connect();
    await client.request(get('/sdk/stream', { method: 'HEAD' }));
    const head = await client.readHead('HEAD', LONG);
    expect([head.status, head.headers.get('content-type')]).toEqual([200, expect.stringContaining('text/event-stream')]);
    await expectConnections(1);
    // Nothing follows it but the answer to the next request, or the end of the connection.
    await change();
    await client.request({ path: '/health/live' });
    const next = await Promise.race([client.closed, client.readHead('GET', LONG)]);
    expect(typeof next === 'string' ? 200 : next.status).toBe(200);
  });

  it('of either door is refused without a key', async () => {
    const client = await connect();
    for (const path of ['/sdk/poll', '/sdk/stream']) {
      await client.request({ path, method: 'HEAD' });
      expect((await client.readHead('HEAD', LONG)).status).toBe(401);
    }
  });
});
