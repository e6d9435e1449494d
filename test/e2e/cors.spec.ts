import { beforeAll, describe, expect, it } from '@jest/globals';
import { type CreatedKey } from '../support/admin-client.js';
import { httpRequest, type HttpAnswer } from '../support/http-request.js';
import { SseProbe } from '../support/sse-client.js';
import { type TestServer } from '../support/server.js';
import { useServers } from '../support/use-servers.js';
import { eventually } from '../support/wait.js';
import { doors, knock } from './support/knock.js';

const APP = 'https://app.example.com';
const SHOP = 'http://localhost:5173';
const ALLOWED = ['Authorization', 'X-API-Key', 'If-None-Match', 'If-Modified-Since', 'Last-Event-ID', 'Content-Type'];
const EXPOSED = ['ETag', 'Last-Modified', 'Retry-After', 'Flagwire-Cursor', 'Flagwire-Age-Ms'];

const start = useServers();
let server: TestServer;
/** Lists APP. */
let key: CreatedKey;
/** Lists SHOP alone. */
let shop: CreatedKey;
/** Lists nothing. */
let backend: CreatedKey;

beforeAll(async () => {
  server = await start();
  key = await server.admin.createKey('production', 'server', { allowed_origins: [APP, 'http://localhost:8080'] });
  shop = await server.admin.createKey('staging', 'server', { allowed_origins: [SHOP] });
  backend = await server.admin.createKey('production');
});

function list(answer: HttpAnswer, header: string): string[] {
  return (answer.header(header) ?? '').split(',').map((entry) => entry.trim());
}

/** A page of `origin` may read the answer, and nothing more. */
function expectReadable(answer: HttpAnswer, origin: string): void {
  expect(answer.header('access-control-allow-origin')).toBe(origin);
  expect(list(answer, 'access-control-expose-headers').sort()).toEqual([...EXPOSED].sort());
  expect(list(answer, 'vary')).toContain('Origin');
  expect(answer.header('access-control-allow-credentials')).toBeUndefined();
}

function expectUnreadable(answer: HttpAnswer): void {
  const names = Object.keys(answer.headers).filter((name) => name.startsWith('access-control-'));
  expect(names).toEqual([]);
  expect(list(answer, 'vary')).toContain('Origin');
}

const get = (path: string, headers: Record<string, string>) => httpRequest(`${server.url}${path}`, { headers });

function preflight(path: string, origin: string, method = 'GET'): Promise<HttpAnswer> {
  const headers = {
    Origin: origin,
    'Access-Control-Request-Method': method,
    'Access-Control-Request-Headers': 'authorization,if-none-match',
  };
  return httpRequest(`${server.url}${path}`, { method: 'OPTIONS', headers });
}

describe('a page', () => {
  it.each(doors)('is let in by a key that lists its origin, at %s', async (door) => {
    const listed = await knock(door, { url: server.url, key: key.key, headers: { Origin: APP } });
    expect(listed).toMatchObject({ status: 200, headers: { 'access-control-allow-origin': APP } });
    expect(listed.headers['access-control-allow-credentials']).toBeUndefined();
    expect(listed.headers.vary).toMatch(/\bOrigin\b/i);
  });

  it.each(doors)('is refused by a key that lists other origins or none, at %s, and may not read why', async (door) => {
    for (const { key: text } of [shop, backend]) {
      const answer = await knock(door, { url: server.url, key: text, headers: { Origin: APP } });
      expect(answer).toMatchObject({ status: 403, code: 'origin_not_allowed' });
      expect(answer.headers['access-control-allow-origin']).toBeUndefined();
    }
  });

  it.each(['https://app.example.com:443', 'https://APP.example.com', 'http://app.example.com', 'https://example.com', 'null'])(
    'is refused with the origin %s, which is not listed to the letter',
    async (origin) => {
      expectUnreadable(await get('/sdk/poll', { 'X-API-Key': key.key, Origin: origin }));
      expect((await get('/sdk/poll', { 'X-API-Key': key.key, Origin: origin })).status).toBe(403);
    },
  );

  it('is followed by a backend with the same key, which sends no Origin', async () => {
    const answer = await get('/sdk/poll', { 'X-API-Key': key.key });
    expect(answer.status).toBe(200);
    expectUnreadable(answer);
  });

  it('can read 200 and 304', async () => {
    const headers = { Authorization: `Bearer ${key.key}`, Origin: APP };
    const whole = await get('/sdk/poll', headers);
    expect(whole.status).toBe(200);
    expectReadable(whole, APP);
    expect(list(whole, 'vary').sort()).toEqual(['Accept-Encoding', 'Authorization', 'Origin', 'X-API-Key']);
    const same = await get('/sdk/poll', { ...headers, 'If-None-Match': whole.header('etag') ?? '' });
    expect(same.status).toBe(304);
    expectReadable(same, APP);
    expect(list(same, 'vary').sort()).toEqual(list(whole, 'vary').sort());
  });

  it('can read the stream that it opens', async () => {
    const probe = await SseProbe.connect({ url: server.url, key: key.key, keyIn: 'query', headers: { Origin: APP } });
    await probe.waitForSync();
    expect(probe.headers['access-control-allow-origin']).toBe(APP);
    probe.assertInOrder();
    await probe.close();
  });

  it('can read errors: 400, 401, 403, 404, 413, 415', async () => {
    const headers = { 'X-API-Key': key.key, Origin: APP };
    const post = (body: string, more: Record<string, string> = {}) =>
      httpRequest(`${server.url}/sdk/ticket`, {
        method: 'POST',
        headers: { 'Content-Type': 'application/json', ...headers, ...more },
        body,
      });
    const made = (await post('{}')).json() as { ticket: string };
    const answers = [
      [400, await get('/sdk/poll?wait=99', headers)],
      [400, await get(`/sdk/stream?flags=${'x'.repeat(5000)}`, headers)],
      [400, await post('{"flags": [')],
      [401, await get(`/sdk/poll?ticket=${made.ticket}`, { Origin: APP })],
      [403, await get('/sdk/poll?env=staging', headers)],
      [404, await get('/sdk/no-such-door', headers)],
      [413, await post(JSON.stringify({ flags: ['x'.repeat(2_000_000)] }))],
      [415, await post('{}', { 'Content-Encoding': 'rot13' })],
    ] as const;
    expect(answers.map(([, answer]) => answer.status)).toEqual(answers.map(([status]) => status));
    for (const [, answer] of answers) expectReadable(answer, APP);
  });

  it('can read that it came to the wrong door with its client key', async () => {
    const client = await server.admin.createKey('production', 'client', { allowed_origins: [APP] });
    const answer = await get('/sdk/poll', { 'X-API-Key': client.key, Origin: APP });
    expect(answer.status).toBe(403);
    expectReadable(answer, APP);
    expectUnreadable(await get('/sdk/poll', { 'X-API-Key': client.key, Origin: SHOP }));
  });

  it('may not read an answer to a key that nobody knows, to two keys, or to none', async () => {
    const stranger = await start();
    const { key: foreign } = await stranger.admin.createKey('production', 'server', { allowed_origins: [APP] });
    await stranger.dispose();
    const answers = [
      [401, await get('/sdk/poll', { 'X-API-Key': foreign, Origin: APP })],
      [401, await get('/sdk/poll', { 'X-API-Key': `${key.key}x`, Origin: APP })],
      [401, await get('/sdk/poll', { Origin: APP })],
      [400, await get(`/sdk/poll?key=${shop.key}`, { 'X-API-Key': key.key, Origin: APP })],
    ] as const;
    expect(answers.map(([, answer]) => answer.status)).toEqual(answers.map(([status]) => status));
    for (const [, answer] of answers) expectUnreadable(answer);
  });

  it('is let in with a ticket where the key behind it lists its origin', async () => {
    const ticketOf = async ({ key: text }: CreatedKey) => {
      const { body } = await server.admin.as(text).request('POST', '/sdk/ticket', {});
      return (body as { ticket: string }).ticket;
    };
    const opened = await knock('/sdk/stream', { url: server.url, ticket: await ticketOf(key), headers: { Origin: APP } });
    expect(opened).toMatchObject({ status: 200, headers: { 'access-control-allow-origin': APP } });
    const refused = await knock('/sdk/stream', { url: server.url, ticket: await ticketOf(backend), headers: { Origin: APP } });
    expect(refused).toMatchObject({ status: 403, code: 'origin_not_allowed' });
    expect(refused.headers['access-control-allow-origin']).toBeUndefined();
  });
});

describe('a preflight', () => {
  it.each(['/sdk/stream', '/sdk/poll', '/sdk/ticket'])(
    'of %s says what may be sent, where any live key lists the origin',
    async (path) => {
      for (const origin of [APP, SHOP]) {
        const method = path === '/sdk/ticket' ? 'POST' : 'GET';
        const answer = await preflight(path, origin, method);
        expect([200, 204]).toContain(answer.status);
        expect(answer.header('access-control-allow-origin')).toBe(origin);
        expect(list(answer, 'access-control-allow-headers').sort()).toEqual([...ALLOWED].sort());
        expect(list(answer, 'access-control-allow-methods')).toContain(method);
        expect(answer.header('access-control-allow-credentials')).toBeUndefined();
        expect(list(answer, 'vary')).toContain('Origin');
      }
    },
  );

  it('allows nothing to an origin that no key lists', async () => {
    for (const origin of ['https://evil.example.com', 'null', `${APP}.evil.com`])
      expectUnreadable(await preflight('/sdk/poll', origin));
  });

  it('allows nothing outside of the SDK paths', async () => {
    for (const path of ['/api/projects', '/metrics', '/health/ready', '/sdkx/poll']) {
      expect((await preflight(path, APP)).header('access-control-allow-origin')).toBeUndefined();
    }
    const answer = await get('/api/projects', { Authorization: `Bearer ${server.adminToken}`, Origin: APP });
    expect([answer.status, answer.header('access-control-allow-origin')]).toEqual([200, undefined]);
  });

  it('allows an origin as long as a key that lists it lives', async () => {
    const origin = 'https://for-a-while.example.com';
    const allowed = async () => (await preflight('/sdk/poll', origin)).header('access-control-allow-origin') ?? null;
    expect(await allowed()).toBeNull();
    const { id } = await server.admin.createKey('development', 'client', { allowed_origins: [origin] });
    expect(await allowed()).toBe(origin);
    await server.admin.revokeKey('development', id);
    await eventually(async () => expect(await allowed()).toBeNull());
  });
});

describe('allowed_origins', () => {
  it.each(['*', 'https://*.example.com', 'https://app.example.com/', 'app.example.com', 'https://APP.example.com', 'null'])(
    'refuses %s',
    async (origin) => {
      const body = { name: 'k', kind: 'client', allowed_origins: [origin] };
      const answer = await server.admin.request('POST', '/api/projects/default/environments/production/sdk-keys', body);
      expect([answer.status, answer.body]).toMatchObject([400, { code: 'invalid_input' }]);
    },
  );
});
