import { beforeAll, describe, expect, it } from '@jest/globals';
import { httpRequest } from '../support/http-request.js';
import { type TestServer } from '../support/server.js';
import { useServers } from '../support/use-servers.js';
import { eventually } from '../support/wait.js';

const start = useServers();

type Line = Record<string, unknown>;

/** @throws where a line is not JSON. */
const linesOf = (server: TestServer): Line[] =>
  server
    .stdout()
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Line);

describe('the log of a server in production', () => {
  let server: TestServer;
  beforeAll(async () => {
    server = await start();
  });

  it('is JSON, line by line, from its first to its last', async () => {
    const other = await start();
    await other.stop();
    const lines = linesOf(other);
    expect(lines.length).toBeGreaterThan(1);
    for (const line of lines) {
      expect(line).toMatchObject({
        level: 'info',
        time: expect.any(String),
        context: expect.any(String),
        msg: expect.any(String),
      });
    }
    expect(lines.map(({ msg }) => msg)).toContainEqual(expect.stringContaining('listening'));
    expect(other.stderr()).toBe('');
  });

  it('has no line for a request, answered or refused', async () => {
    await eventually(() => server.stdout().includes('listening'));
    const before = server.stdout();
    for (const path of ['/health/live', '/api/projects', '/sdk/poll?key=wrong', '/nowhere', '/%ff'])
      await httpRequest(server.url + path);
    await server.admin.request('POST', '/api/projects', '{"not json');
    expect(server.stdout()).toBe(before);
  });
});

describe('a log at level debug', () => {
  it('has a line for each request, with the id and the trace that the client sent, and no key', async () => {
    const server = await start({ env: { FLAGWIRE_LOG_LEVEL: 'debug' } });
    const { key } = await server.admin.createKey('production');
    const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
    const answer = await httpRequest(`${server.url}/sdk/poll?key=${key}`, { headers: { 'X-Request-Id': 'mine', traceparent } });
    expect(answer.header('x-request-id')).toBe('mine');
    const line = await eventually(() => linesOf(server).find(({ request_id }) => request_id === 'mine') ?? false);
    expect(line).toMatchObject({ level: 'debug', method: 'GET', route: '/sdk/poll', status: 200, ms: expect.any(Number) });
    expect(line).toMatchObject({ trace_id: traceparent.slice(3, 35) });
    expect(server.stdout()).not.toContain(key.slice(20, 40));
  });
});

describe('an error answer', () => {
  it('names the request as its header does', async () => {
    const server = await start();
    for (const path of ['/api/projects', '/sdk/poll', '/nowhere', '/metrics']) {
      const answer = await httpRequest(server.url + path);
      expect(answer.json()).toMatchObject({ request_id: answer.header('x-request-id') });
      expect(answer.header('x-request-id')).toMatch(/\S/);
    }
  });
});

describe('a server that is started by hand', () => {
  it('writes lines for people', async () => {
    const server = await start({ env: { NODE_ENV: undefined } });
    await eventually(() => expect(server.stdout()).toMatch(/^\S+Z INFO {2}\[Flagwire\] Flagwire is listening on http:/m));
  });

  it('writes JSON where that is asked for', async () => {
    const server = await start({ env: { NODE_ENV: undefined, FLAGWIRE_LOG_FORMAT: 'json' } });
    await eventually(() => expect(linesOf(server)).toMatchObject([{ level: 'info' }]));
  });
});
