import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, it } from '@jest/globals';
import pg from 'pg';
import { type AdminClient } from '../support/admin-client.js';
import { auditTrail } from '../support/audit-pages.js';
import { httpRequest } from '../support/http-request.js';
import { type TestServer } from '../support/server.js';
import { describeEachDatabase, useServers } from '../support/use-servers.js';

const FLAG = { name: 'F', value_type: 'boolean', variants: { on: true, off: false } };
const DEFAULT = '/api/projects/default';
const PRODUCTION = `${DEFAULT}/environments/production`;

describeEachDatabase('a POST with an Idempotency-Key', (database) => {
  const start = useServers();
  let server: TestServer;
  let admin: AdminClient;
  beforeAll(async () => {
    server = await start({ database });
    ({ admin } = server);
  });

  /** All of the answer that is not of the moment. */
  async function post(path: string, body: unknown, key: string, more: { token?: string; headers?: Record<string, string> } = {}) {
    const answer = await httpRequest(`${server.url}${path}`, {
      method: 'POST',
      headers: {
        ...{ Authorization: `Bearer ${more.token ?? server.adminToken}`, 'Content-Type': 'application/json' },
        ...{ 'Idempotency-Key': key, ...more.headers },
      },
      body: JSON.stringify(body),
    });
    const { location, etag } = answer.headers;
    const { text, status } = answer;
    return { status, text, location, etag, cursor: answer.header('flagwire-cursor'), type: answer.header('content-type') };
  }

  async function refused(...args: Parameters<typeof post>): Promise<[number, string]> {
    const { status, text } = await post(...args);
    return [status, (JSON.parse(text) as { code: string }).code];
  }

  /** All that a second execution would change. */
  async function state(): Promise<unknown> {
    const lists = ['/api/projects?limit=100', `${DEFAULT}/flags?limit=100`, `${DEFAULT}/environments`, '/api/tokens?limit=100'];
    const pages = await Promise.all([...lists, `${PRODUCTION}/sdk-keys?limit=100`].map((path) => admin.call('GET', path)));
    return [await auditTrail(admin), pages.map(({ body }) => body)];
  }

  it.each<[what: string, path: string, body: object | undefined]>([
    ['makes a project', '/api/projects', { key: 'idem', name: 'Idem' }],
    ['makes an environment', `${DEFAULT}/environments`, { key: 'idem', name: 'Idem' }],
    ['makes a flag', `${DEFAULT}/flags`, { id: 'idem', ...FLAG }],
    ['changes flags', `${PRODUCTION}/change-sets`, { changes: [{ flag: 'idem', status: 'enabled' }] }],
    ['restores a flag', `${DEFAULT}/flags/idem/restore`, {}],
    ['makes a key', `${PRODUCTION}/sdk-keys`, { name: 'idem', kind: 'server' }],
    ['makes a token', '/api/tokens', { name: 'idem', role: 'viewer' }],
  ])('that %s is done once, and answered with the same bytes', async (what, path, body) => {
    const key = `again: ${what}`.replaceAll(' ', '-');
    const first = await post(path, body, key);
    expect([200, 201]).toContain(first.status);
    const before = await state();
    expect([await post(path, body, key), await post(path, body, key)]).toEqual([first, first]);
    expect(await state()).toEqual(before);
  });

  it('that rotates a key gives the one new key again', async () => {
    const { id } = await admin.createKey('production');
    const rotate = () => post(`${PRODUCTION}/sdk-keys/${id}/rotate`, { grace_seconds: 60 }, 'rotation');
    const first = await rotate();
    expect(await rotate()).toEqual(first);
    const { key } = JSON.parse(first.text) as { key: string };
    expect((await httpRequest(`${server.url}/sdk/poll`, { headers: { 'X-API-Key': key } })).status).toBe(200);
  });

  it('is answered again after a restart', async () => {
    const again = () => post('/api/tokens', { name: 'kept', role: 'viewer' }, 'restart');
    const first = await again();
    await server.restart();
    expect(await again()).toEqual(first);
  });

  it('is refused where the key was sent with another request, and nothing is done', async () => {
    await post('/api/projects', { key: 'first', name: 'x' }, 'reused');
    const before = await state();
    const reused = [422, 'idempotency_key_reused'];
    expect(await refused('/api/projects', { key: 'second', name: 'x' }, 'reused')).toEqual(reused);
    expect(await refused('/api/projects?x=1', { key: 'first', name: 'x' }, 'reused')).toEqual(reused);
    expect(await refused('/api/tokens', { name: 'x', role: 'viewer' }, 'reused')).toEqual(reused);
    const conditional = { headers: { 'If-Match': '"1"' } };
    expect(await refused('/api/projects', { key: 'first', name: 'x' }, 'reused', conditional)).toEqual(reused);
    expect(await state()).toEqual(before);
  });

  it('of one token says nothing about that of another, who may use the same key', async () => {
    const mine = await post(`${PRODUCTION}/sdk-keys`, { name: 'shared', kind: 'server' }, 'guessed');
    const { token } = await admin.createToken('admin');
    const other = await post(`${PRODUCTION}/sdk-keys`, { name: 'shared', kind: 'server' }, 'guessed', { token });
    const keyOf = ({ text }: { text: string }) => (JSON.parse(text) as { key: string }).key;
    expect([mine.status, other.status]).toEqual([201, 201]);
    expect(keyOf(other)).not.toBe(keyOf(mine));
    const viewer = await admin.createToken('viewer');
    const forbidden = await refused(`${PRODUCTION}/sdk-keys`, { name: 'shared', kind: 'server' }, 'guessed', viewer);
    expect(forbidden).toEqual([403, 'insufficient_role']);
  });

  it('opens to a token only as long as that is good', async () => {
    const { token, id } = await admin.createToken('admin');
    const again = () => post('/api/projects', { key: 'gone', name: 'x' }, 'gone', { token });
    expect((await again()).status).toBe(201);
    await admin.call('DELETE', `/api/tokens/${id}`);
    expect((await again()).status).toBe(401);
  });

  it('that was refused may be sent again: it is done then', async () => {
    const again = () => post('/api/projects/later/environments', { key: 'live', name: 'Live' }, 'later');
    expect((await again()).status).toBe(404);
    await admin.createProject('later');
    const first = await again();
    expect(first.status).toBe(201);
    expect(await again()).toEqual(first);
  });

  it.each(['', ' ', 'a b', 'a, b', '"a', 'a"', '""', 'a\\b', 'x'.repeat(256), 'caf\u00e9'])(
    'is refused with the key %j',
    async (key) => {
      expect(await refused('/api/projects', { key: 'odd', name: 'x' }, key)).toEqual([400, 'invalid_input']);
    },
  );

  it('takes the quoted form of the draft for the same key', async () => {
    const first = await post('/api/projects', { key: 'quoted', name: 'x' }, 'quoted-1');
    expect(await post('/api/projects', { key: 'quoted', name: 'x' }, '"quoted-1"')).toEqual(first);
  });

  it('leaves nothing readable in the database', async () => {
    const { text } = await post('/api/tokens', { name: 'a name to look for', role: 'viewer' }, 'a-key-to-look-for');
    const { token } = JSON.parse(text) as { token: string };
    const stored = await dump(server);
    expect(stored).toContain('a name to look for');
    for (const secret of [token.slice(-16), 'a-key-to-look-for', server.adminToken]) expect(stored).not.toContain(secret);
  });

  it('is the only one that heeds it: a PATCH is done each time', async () => {
    const headers = { 'Idempotency-Key': 'patched' };
    const patch = (name: string) => admin.request('PATCH', DEFAULT, { name }, headers);
    expect([(await patch('One')).status, (await patch('Two')).status]).toEqual([200, 200]);
    expect((await admin.call('GET', DEFAULT)).body).toMatchObject({ name: 'Two' });
  });
});

/** All that the database has. */
async function dump({ databaseUrl, dataDir }: TestServer): Promise<string> {
  if (!databaseUrl.startsWith('postgres')) {
    const files = readdirSync(dataDir).filter((name) => name.startsWith('flagwire.db'));
    return files.map((name) => readFileSync(join(dataDir, name), 'latin1')).join('');
  }
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  try {
    const tables = ['admin_token', 'sdk_key', 'idempotent_answer', 'audit_record', 'change'];
    const rows: unknown[] = [];
    for (const table of tables) rows.push((await client.query(`SELECT * FROM ${table}`)).rows);
    return JSON.stringify(rows);
  } finally {
    await client.end();
  }
}
