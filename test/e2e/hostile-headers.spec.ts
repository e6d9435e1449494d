import { beforeAll, describe, expect, it } from '@jest/globals';
import { RawHttp, requestText } from '../support/raw-http.js';
import { ADMIN_TOKEN, type TestServer } from '../support/server.js';
import { useServers } from '../support/use-servers.js';
import { flawOf } from './support/hostile.js';

const start = useServers();
const FLAG = '/api/projects/default/flags/right';
let server: TestServer;
let key: string;

beforeAll(async () => {
  server = await start();
  await server.admin.createFlag('right');
  ({ key } = await server.admin.createKey('staging'));
});

const poll = (headers: Record<string, string>, path = '/sdk/poll') =>
  server.admin.as(key).request('GET', path, undefined, headers);

describe('If-None-Match', () => {
  const lists = (tag: string): [string, number][] => [
    [`,,${tag},`, 304],
    [` , ${tag} , `, 304],
    [`W/"x",,${tag}`, 304],
    [`${tag}${tag}`, 200],
    [',,W/"x",', 200],
    [',', 200],
    ['', 200],
    ['"', 200],
    ['W/', 200],
    ['W/"', 200],
    [tag.slice(0, -1), 200],
    [tag.slice(2, -1), 200],
    ['x'.repeat(8000), 200],
    [`${'W/"x",'.repeat(1500)}${tag}`, 304],
    [`${',"'.repeat(4000)}`, 200],
  ];

  it('is a list in which members may be empty; what cannot be read matches nothing', async () => {
    const tag = String((await poll({})).headers.etag);
    for (const [value, status] of lists(tag)) {
      expect([value.slice(0, 60), (await poll({ 'If-None-Match': value })).status]).toEqual([value.slice(0, 60), status]);
    }
  });
});

describe('If-Match', () => {
  it('that cannot be read refuses the write, and nothing is written', async () => {
    const before = (await server.admin.getFlag('right')).body;
    for (const value of [',', ',,"x",', '"', 'W/', 'x', '"x', 'W/"x"', '"'.repeat(4000), '\u00ff']) {
      const answer = await server.admin.request('PATCH', FLAG, { name: 'Changed' }, { 'If-Match': value });
      expect([value.slice(0, 20), flawOf(answer)]).toEqual([value.slice(0, 20), null]);
    }
    expect((await server.admin.getFlag('right')).body).toEqual(before);
  });

  it('with empty members around the present tag lets the write through', async () => {
    const tag = String((await server.admin.getFlag('right')).headers.etag);
    const answer = await server.admin.request('PATCH', FLAG, { name: 'Let through' }, { 'If-Match': `,, ${tag} ,` });
    expect(answer.status).toBe(200);
  });
});

describe('Last-Event-ID', () => {
  it('that is no cursor of this history gets everything, and never an error', async () => {
    const { cursor } = (await poll({})).body as { cursor: string };
    const [epoch = '', , mark = ''] = cursor.split('.');
    const ids = ['-1', '999999', '100000000000000000000', '1e3', '0x1', ''].map((revision) => `${epoch}.${revision}.${mark}`);
    for (const id of [...ids, 'garbage', '\u00ff\u00fe', '"', 'a'.repeat(8000), 'none', '__proto__']) {
      const client = await RawHttp.connect({ port: server.port });
      const headers = { Authorization: `Bearer ${key}`, 'Last-Event-ID': id };
      await client.send(Buffer.from(requestText({ path: '/sdk/stream', headers }), 'latin1'));
      expect([id.slice(0, 30), (await client.readHead()).status]).toEqual([id.slice(0, 30), 200]);
      expect(await client.readUntil('SyncComplete')).toContain('"mode":"full"');
      client.destroy();
    }
  });
});

describe('a credential', () => {
  const forms = [
    '',
    ' ',
    'Bearer',
    'Bearer ',
    'bearer  ,',
    'Basic eDp5',
    'Bearer a b c',
    `Bearer ${'x'.repeat(8000)}`,
    'Bearer \u00ff',
    'null',
  ];

  it.each(forms)('%j is refused by every family of routes', async (value) => {
    for (const path of ['/api/projects', '/metrics', '/sdk/poll', '/sdk/stream']) {
      const answer = await server.admin.as(null).request('GET', path, undefined, { Authorization: value });
      expect([path, answer.status, flawOf(answer)]).toEqual([path, 401, null]);
    }
  });
});

describe('other headers', () => {
  it.each([
    ['Idempotency-Key', 'x'.repeat(8000)],
    ['Idempotency-Key', '\u00ff'],
    ['Content-Encoding', 'gzip, gzip'],
    ['Content-Encoding', '__proto__'],
    ['Content-Type', '__proto__'],
    ['Content-Type', 'application/json; charset=__proto__'],
  ])('%s: %s is refused, and nothing is written', async (name, value) => {
    const body = { key: 'headers', name: 'Headers' };
    const answer = await server.admin.request('POST', '/api/projects', body, { [name]: value });
    expect(flawOf(answer)).toBeNull();
    expect((await server.admin.request('GET', '/api/projects/headers')).status).toBe(404);
  });

  it.each([
    ['If-Modified-Since', 'yesterday'],
    ['If-Modified-Since', 'Fri, 31 Dec 99999 23:59:59 GMT'],
    ['Accept-Encoding', ',,;q=x,gzip;q=2,*;q=-1'],
    ['Accept', '*/'],
    ['traceparent', '00-ff-zz-01'],
    ['X-Request-Id', 'a\tb'],
    ['X-Forwarded-For', ',,,'],
    ['Range', 'bytes=9-1'],
    ['Origin', 'null'],
    ['Cookie', '__proto__=1; ;='],
  ])('%s: %s changes nothing that it must not', async (name, value) => {
    const answer = await server.admin.request('GET', '/api/projects/default', undefined, { [name]: value });
    expect([answer.status, (answer.body as { key: string }).key]).toEqual([200, 'default']);
    expect(String(answer.headers['x-request-id'])).toMatch(/^[\w.-]{1,64}$/);
  });

  it('twice there with different values are not mixed up', async () => {
    const client = await RawHttp.connect({ port: server.port });
    const lines = [
      'GET /api/projects HTTP/1.1',
      'Host: x',
      `Authorization: Bearer ${ADMIN_TOKEN}`,
      'Authorization: Bearer other',
    ];
    await client.send(`${lines.join('\r\n')}\r\n\r\n`);
    expect([200, 400, 401]).toContain((await client.readHead()).status);
    client.destroy();
    const both = await server.admin.as(null).request('GET', `/sdk/poll?key=${key}`, undefined, { 'X-API-Key': 'other' });
    expect(both).toMatchObject({ status: 400, body: { code: 'invalid_input' } });
  });
});
