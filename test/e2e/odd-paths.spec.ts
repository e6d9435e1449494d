import { request } from 'node:http';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { type TestServer } from '../support/server.js';
import { useServers } from '../support/use-servers.js';

/** Other ways to write the paths of closed routes, past a proxy or a check that reads them otherwise than the router. */
const PATHS = [
  '/api//projects',
  '//api/projects',
  '/./api/projects',
  '/api/./projects',
  '/api/%2e%2e/api/projects',
  '/health/live/../../api/projects',
  '/health/live/%2e%2e/%2e%2e/api/projects',
  '/health/live%2f..%2f..%2fapi%2fprojects',
  '/docs/../api/projects',
  '/docs/%2e%2e/api/projects',
  '/docs/..%2f..%2fpackage.json',
  '/docs/%2e%2e%2f%2e%2e%2fpackage.json',
  '/docs/....//....//package.json',
  '/API/PROJECTS',
  '/Api/Projects/',
  '/api/projects/',
  '/api/projects;x=/health/live',
  '/api/projects%00',
  '/api/projects%20',
  '/api%2fprojects',
  '/api\\projects',
  '/api/projects/default/../default/flags',
  '/SDK/POLL',
  '/sdk//poll',
  '/sdk/poll/',
  '/health/live/../../sdk/poll',
  '/sdk%2fpoll',
  '/metrics/',
  '/METRICS',
  '//metrics',
];
const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'TRACE'];
const OVERRIDES = ['X-HTTP-Method-Override', 'X-HTTP-Method', 'X-Method-Override'];

const start = useServers();
let server: TestServer;
beforeAll(async () => {
  server = await start();
});

/** The path goes as it is: `new URL` would tidy it up. */
function statusOf(method: string, path: string, headers: Record<string, string> = {}): Promise<number> {
  const { port } = server;
  return new Promise((resolve, reject) => {
    const sent = request({ host: '127.0.0.1', port, method, path, headers, agent: false }, (response) => {
      response.resume();
      response.once('end', () => resolve(response.statusCode ?? 0));
    });
    sent.once('error', reject).end();
  });
}

describe('a path that is written otherwise', () => {
  it('opens no route to whoever has no credential, by whatever method', async () => {
    const found: string[] = [];
    for (const path of PATHS) {
      for (const method of METHODS) {
        const status = await statusOf(method, path);
        if (status < 400) found.push(`${method} ${path}: ${status}`);
      }
    }
    expect(found).toEqual([]);
  });

  it('opens no route of the admin API to an SDK key, and none that writes to a viewer', async () => {
    const { key } = await server.admin.createKey('production');
    const { token } = await server.admin.createToken('viewer');
    const found: string[] = [];
    for (const path of PATHS.filter((text) => /api/i.test(text))) {
      for (const method of METHODS) {
        const status = await statusOf(method, path, { Authorization: `Bearer ${key}` });
        if (status < 400) found.push(`key: ${method} ${path}: ${status}`);
        const viewed =
          method === 'GET' || method === 'HEAD' ? 0 : await statusOf(method, path, { Authorization: `Bearer ${token}` });
        if (viewed !== 0 && viewed < 400) found.push(`viewer: ${method} ${path}: ${viewed}`);
      }
    }
    expect(found).toEqual([]);
  });
});

describe('the method of a request', () => {
  it('is that of its first line, whatever a header or the query says', async () => {
    await server.admin.createProject('kept');
    const headers = Object.fromEntries(OVERRIDES.map((name) => [name, 'DELETE']));
    const path = '/api/projects/kept?_method=DELETE';
    const authorization = { Authorization: `Bearer ${server.adminToken}` };
    expect(await statusOf('GET', path, { ...headers, ...authorization })).toBe(200);
    expect(await statusOf('POST', path, { ...headers, ...authorization })).toBe(404);
    expect(await statusOf('GET', '/api/projects/kept', authorization)).toBe(200);
  });

  it('asks HEAD for what it asks GET for', async () => {
    const { token } = await server.admin.createToken('viewer', { project: 'default' });
    const headers = { Authorization: `Bearer ${token}` };
    const statuses = ['/api/projects/default', '/api/projects/kept', '/api/tokens', '/sdk/poll'].map((path) =>
      statusOf('HEAD', path, headers),
    );
    expect(await Promise.all(statuses)).toEqual([200, 403, 403, 401]);
  });
});
