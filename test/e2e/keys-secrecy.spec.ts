import { beforeAll, describe, expect, it } from '@jest/globals';
import { httpRequest } from '../support/http-request.js';
import { type TestServer } from '../support/server.js';
import { useServers } from '../support/use-servers.js';
import { eventually } from '../support/wait.js';
import { doors, knock } from './support/knock.js';

const start = useServers();
let server: TestServer;
beforeAll(async () => {
  server = await start();
});

/** What stands in no log whole or in half: the secret is the part behind the prefix and the selector. */
function traces(secret: string, text: string): string[] {
  const half = Math.floor(secret.length / 2);
  return [secret.slice(7, 19), secret.slice(half, half + 12), secret.slice(-12)].filter((part) => text.includes(part));
}

describe('the log of the server', () => {
  it('has no key, ticket or token, however they were sent and whatever was answered', async () => {
    const { admin } = server;
    const server1 = await admin.createKey('production');
    const client = (await admin.createKey('production', 'client')).key;
    const revoked = await admin.createKey('production');
    await admin.revokeKey('production', revoked.id);
    const rotated = await admin.rotateKey('production', server1.id, 60);
    const { token } = await admin.createToken('admin');
    const made = await admin.as(rotated.key).request('POST', '/sdk/ticket', { flags: ['a.*'] });
    const { ticket } = made.body as { ticket: string };
    const secrets = [server1.key, rotated.key, client, revoked.key, token, ticket, server.adminToken];

    for (const secret of secrets) {
      const broken = `${secret.slice(0, -3)}xyz`;
      for (const key of [secret, broken]) {
        for (const door of doors) {
          for (const keyIn of ['bearer', 'x-api-key', 'query'] as const) await knock(door, { url: server.url, key, keyIn });
          await knock(door, { url: server.url, ticket: key });
        }
        await admin.as(key).request('GET', '/api/projects');
        await admin.as(key).request('POST', '/sdk/ticket', { flags: 'no list' });
        await admin.as(key).request('POST', `/api/projects?key=${key}`, '{"not json');
        await httpRequest(`${server.url}/no/such/path?key=${key}&ticket=${key}`);
        await httpRequest(`${server.url}/%ff?key=${key}`, { headers: { 'X-API-Key': key } });
        // Where an address was put together wrongly.
        await httpRequest(`${server.url}/sdk/stream/${key}`);
      }
    }
    await server.stop();
    const output = server.stdout() + server.stderr();
    expect(output).toContain('SIGTERM');
    expect(secrets.map((secret) => traces(secret, output))).toEqual(secrets.map(() => []));
  });

  it('has none either where the database goes away under a request', async () => {
    const node = await start({ database: 'postgres', env: { FLAGWIRE_DB_CONNECT_TIMEOUT_MS: '500' } });
    const { key } = await node.admin.createKey('production');
    const url = new URL(node.databaseUrl);
    url.pathname = '/postgres';
    const name = new URL(node.databaseUrl).pathname.slice(1);
    const { default: pg } = await import('pg');
    const superuser = new pg.Client({ connectionString: url.href });
    await superuser.connect();
    await superuser.query(`DROP DATABASE ${name} WITH (FORCE)`);
    await superuser.end();
    const write = async () => (await node.admin.request('POST', '/api/projects', { key: 'x', name: 'x' })).status;
    await eventually(async () => expect(await write()).toBeGreaterThanOrEqual(500), { timeoutMs: 10_000 });
    await httpRequest(`${node.url}/sdk/poll?key=${key}`);
    await eventually(() => /"level":"(warn|error)"/.test(node.stdout() + node.stderr()), { what: 'a complaint in the log' });
    const output = node.stdout() + node.stderr();
    expect([key, node.adminToken].map((secret) => traces(secret, output))).toEqual([[], []]);
    const { password } = new URL(node.databaseUrl);
    expect(password === '' || !output.includes(password)).toBe(true);
  });
});
