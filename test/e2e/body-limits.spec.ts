import { beforeAll, describe, expect, it } from '@jest/globals';
import { RawHttp, type RawHead } from '../support/raw-http.js';
import { ADMIN_TOKEN, type TestServer } from '../support/server.js';
import { useServers } from '../support/use-servers.js';

const MIB = 2 ** 20;
const FLAGS = '/api/projects/default/flags';
const IMPORT = '/api/projects/default/import';
const EMPTY = '{"format": "flagwire", "version": 1, "flags": []}';
/** What both sockets may hold of bytes that nobody has read. */
const IN_BUFFERS = 16 * MIB;
const TOKEN = `Authorization: Bearer ${ADMIN_TOKEN}`;

describe('a body', () => {
  const start = useServers();
  let server: TestServer;
  beforeAll(async () => {
    server = await start();
  });

  async function post(path: string, ...headers: string[]): Promise<RawHttp> {
    const socket = await RawHttp.connect({ port: server.port });
    const head = [`POST ${path} HTTP/1.1`, 'Host: x', 'Content-Type: application/json', ...headers];
    await socket.send(`${head.join('\r\n')}\r\n\r\n`);
    return socket;
  }

  async function sendChunk(socket: RawHttp, text: string): Promise<void> {
    await socket.send(`${text.length.toString(16)}\r\n${text}\r\n`);
  }

  async function refusalOf(socket: RawHttp): Promise<{ head: RawHead; body: { code: string; detail: string } }> {
    const head = await socket.readHead('POST', 20_000);
    const text = (await socket.readBody(20_000)).toString();
    return { head, body: JSON.parse(text) as { code: string; detail: string } };
  }

  /** Sends white space until the connection is closed; gives the number of bytes. */
  async function sendWithoutEnd(socket: RawHttp): Promise<number> {
    let isOpen = true;
    void socket.closed.then(() => (isOpen = false));
    const before = socket.bytesSent;
    const piece = ' '.repeat(MIB / 4);
    while (isOpen && socket.bytesSent - before < 20 * IN_BUFFERS) {
      await Promise.race([sendChunk(socket, piece).catch(() => undefined), socket.closed]);
    }
    return socket.bytesSent - before;
  }

  it('of an import with more parts than it may have is refused before it is parsed', async () => {
    const list = `[${Array.from({ length: 40_000 }, () => '{}').join(',')}]`;
    const flags = Array.from({ length: 25 }, () => list).join(',');
    const { status, body } = await server.admin.request('POST', IMPORT, `{"format":"flagwire","version":1,"flags":[${flags}]}`);
    const detail = expect.stringContaining('more than 1000000 fields, objects and lists');
    expect([status, body]).toEqual([400, expect.objectContaining({ code: 'invalid_input', detail })]);
  });

  const routes: [string, string, number, string][] = [
    ['of an import', IMPORT, 20 * MIB, 'FLAGWIRE_IMPORT_BYTES'],
    ['of anything else', FLAGS, MIB, 'FLAGWIRE_BODY_BYTES'],
  ];

  it.each(routes)('%s may be as large as its limit, with its length told or without', async (_, path, limit) => {
    for (const isChunked of [false, true]) {
      const socket = await post(path, TOKEN, isChunked ? 'Transfer-Encoding: chunked' : `Content-Length: ${limit}`);
      const text = EMPTY.padEnd(limit);
      if (isChunked) {
        for (let at = 0; at < limit; at += MIB) await sendChunk(socket, text.slice(at, at + MIB));
        await socket.send('0\r\n\r\n');
      } else await socket.send(text);
      // Elsewhere it is no document that is asked for: what matters is that it has been read.
      expect((await socket.readHead('POST', 20_000)).status).toBe(path === IMPORT ? 200 : 400);
      socket.destroy();
    }
  });

  it.each(routes)('%s that says it is longer is refused before a byte of it has come', async (_, path, limit, setting) => {
    const socket = await post(path, TOKEN, `Content-Length: ${limit + 1}`);
    const { head, body } = await refusalOf(socket);
    expect([head.status, head.headers.get('content-type')]).toEqual([413, 'application/problem+json']);
    expect(body.code).toBe('body_too_large');
    expect(body.detail).toContain(`${limit} bytes`);
    expect(body.detail).toContain(setting);
    expect(head.headers.get('connection')).toBe('close');
    expect(await socket.closed).toBe('end');
  });

  it.each(routes)('%s that grows longer is refused at its limit, and nothing more of it is read', async (_, path, limit) => {
    const socket = await post(path, TOKEN, 'Transfer-Encoding: chunked');
    const [sent, { head, body }] = await Promise.all([sendWithoutEnd(socket), refusalOf(socket)]);
    expect([head.status, body.code, head.headers.get('connection')]).toEqual([413, 'body_too_large', 'close']);
    expect(body.detail).toContain(`${limit} bytes`);
    expect(sent).toBeLessThan(limit + IN_BUFFERS);
  });

  it.each(routes)('%s is not read for somebody without a token', async (_, path, limit) => {
    for (const headers of [[], ['Authorization: Bearer fw_adm_wrong']]) {
      const told = await post(path, ...headers, `Content-Length: ${limit}`);
      expect((await refusalOf(told)).head.status).toBe(401);
      expect(await told.closed).toBe('end');
      const chunked = await post(path, ...headers, 'Transfer-Encoding: chunked');
      const [sent, { head }] = await Promise.all([sendWithoutEnd(chunked), refusalOf(chunked)]);
      expect(head.status).toBe(401);
      expect(sent).toBeLessThan(IN_BUFFERS);
    }
  });

  it('that is no JSON is no news to somebody without a token', async () => {
    for (const path of [FLAGS, IMPORT, '/sdk/ticket']) {
      const { status, body } = await server.admin.as(null).request('POST', path, '{');
      expect([path, status, body]).toMatchObject([path, 401, { code: 'missing_credential' }]);
    }
  });

  it('that is small and not wanted costs nobody the connection', async () => {
    const socket = await post(FLAGS, 'Content-Length: 2');
    expect((await refusalOf(socket)).head.headers.get('connection')).not.toBe('close');
    await socket.send('{}GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n');
    expect((await socket.readHead('GET')).status).toBe(200);
    socket.destroy();
  });

  it('that is refused takes what was sent behind it with it: none of that is a request', async () => {
    const socket = await post(FLAGS, `Content-Length: ${2 * MIB}`);
    expect((await refusalOf(socket)).head.status).toBe(401);
    const flag = JSON.stringify({ id: 'smuggled', name: 'x', value_type: 'boolean', variants: { on: true } });
    const second = `POST ${FLAGS} HTTP/1.1\r\nHost: x\r\n${TOKEN}\r\nContent-Type: application/json\r\nContent-Length: ${flag.length}\r\n\r\n${flag}`;
    await socket.send(' '.repeat(2 * MIB) + second).catch(() => undefined);
    await socket.closed;
    expect((await server.admin.request('GET', `${FLAGS}/smuggled`)).status).toBe(404);
  });
});
