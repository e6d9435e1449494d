import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import { Collector } from '../e2e/support/collector.js';
import { httpRequest } from './http-request.js';
import { knownSecrets } from './known-secrets.js';
import { describeEachDatabase } from './use-servers.js';
import { ADMIN_TOKEN, startServer, type ServerOptions, type TestServer } from './server.js';

/** Stands in for a server that is careless: it puts what SPILL says where SPILL_TO says. */
const PROGRAM = `
import { writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
const { PORT, FLAGWIRE_HOST, SPILL_TO } = process.env;
const spill = (text, to) => {
  if (to === 'stdout') console.log(text);
  if (to === 'stderr') console.error(text);
  if (to === 'file') writeFileSync('flagwire.db-wal', 'page ' + text);
};
createServer((request, response) => {
  const { pathname, searchParams } = new URL(request.url, 'http://127.0.0.1');
  if (pathname === '/spill') spill(searchParams.get('text'), searchParams.get('to'));
  if (pathname === '/metrics') return response.end('secret{x="' + (process.env.SPILL_METRICS ?? '') + '"} 1');
  const echo = searchParams.get('echo') ?? 'ok';
  const status = pathname === '/refused' ? 400 : request.method === 'POST' ? 201 : 200;
  response.writeHead(status, { 'Content-Type': 'text/plain' }).end(echo);
}).listen(PORT, FLAGWIRE_HOST);
`;

let folder: string;
let entry: string;
beforeAll(() => {
  // What is planted here is no finding of the run.
  delete process.env['FLAGWIRE_TEST_SEARCHES'];
  folder = mkdtempSync(join(tmpdir(), 'flagwire-spec-'));
  entry = join(folder, 'main.mjs');
  writeFileSync(entry, PROGRAM);
});
afterAll(() => rmSync(folder, { recursive: true }));

const newKey = (kind = 'srv') => `fw_${kind}_${randomBytes(25).toString('hex')}`;
const get = (server: TestServer, path: string, query: Record<string, string>) =>
  server.admin.request('GET', `${path}?${new URLSearchParams(query).toString()}`);

/** A key that the server showed, as it should. */
async function handedOut(server: TestServer): Promise<string> {
  const key = newKey();
  await server.admin.request('POST', `/api/projects/default/environments/production/sdk-keys?echo=${key}`);
  return key;
}

/** What `dispose` says of a careless server, after `work`. */
async function complaint(work: (server: TestServer) => Promise<unknown>, options: ServerOptions = {}): Promise<string> {
  const server = await startServer({ entry, ...options });
  await work(server);
  return server.dispose().then(
    () => 'nothing',
    (error: unknown) => String(error),
  );
}

describe('the search in what a server leaves behind', () => {
  it('finds nothing in a server that was given a key and kept it to itself', async () => {
    expect(await complaint(handedOut)).toBe('nothing');
  });

  const forms: [name: string, form: (key: string) => string][] = [
    ['whole', (key) => key],
    ['as its secret part', (key) => key.slice(19, 51)],
    ['as half of its secret part', (key) => `${key.slice(19, 36)}…`],
    ['in hex', (key) => Buffer.from(key).toString('hex')],
    ['in base64', (key) => Buffer.from(key).toString('base64')],
    ['in the base64 of a longer text', (key) => Buffer.from(`user:${key}:x`).toString('base64url')],
    ['as JSON in JSON', (key) => JSON.stringify(JSON.stringify({ key }))],
    ['URL-encoded', (key) => encodeURIComponent(`?key=${key}&`)],
  ];
  it.each(forms)('finds a key that is logged %s', async (_, form) => {
    const said = await complaint(async (server) => {
      const key = await handedOut(server);
      await get(server, '/spill', { text: `refused key=${form(key)}, sorry`, to: 'stdout' });
    });
    expect(said).toMatch(/stdout of http:\S+ holds fw_srv_\w{4}…/);
  });

  it.each([
    ['plain', (token: string) => token],
    ['in JSON', (token: string) => JSON.stringify({ token })],
    ['URL-encoded', encodeURIComponent],
    ['in base64', (token: string) => Buffer.from(token).toString('base64')],
  ])('finds a token of odd characters %s', async (_, form) => {
    const token = '"quoted\\" & other letters, 50% of them: äöü';
    const options = { env: { FLAGWIRE_ADMIN_TOKEN: token } };
    const spill = (server: TestServer) => httpRequest(`${server.url}/spill?to=stdout&text=${encodeURIComponent(form(token))}`);
    expect(await complaint(spill, options)).toContain('stdout of');
  });

  it('finds a key that nobody noted, by its form', async () => {
    const said = await complaint((server) => get(server, '/spill', { text: newKey('adm'), to: 'stderr' }));
    expect(said).toMatch(/stderr of \S+ holds fw_adm_/);
  });

  it('finds the admin token of the settings and the password of the database', async () => {
    expect(await complaint((server) => get(server, '/spill', { text: ADMIN_TOKEN, to: 'stdout' }))).toContain(
      'FLAGWIRE_ADMIN_TOKEN',
    );
    const spillUrl = (server: TestServer) => get(server, '/spill', { text: server.databaseUrl, to: 'stdout' });
    expect(await complaint(spillUrl, { database: 'postgres' })).toContain('the password in DATABASE_URL');
  });

  it('finds a secret in the figures', async () => {
    const said = await complaint(() => Promise.resolve(), { env: { SPILL_METRICS: newKey() } });
    expect(said).toMatch(/\/metrics of \S+ holds fw_srv_/);
  });

  it('finds a secret in the bytes of a SQLite file', async () => {
    const said = await complaint(async (server) => {
      const key = await handedOut(server);
      await get(server, '/spill', { text: key.slice(19, 51), to: 'file' });
    });
    expect(said).toMatch(/flagwire\.db-wal of \S+ holds fw_srv_/);
  });

  it('finds a secret in a row of PostgreSQL', async () => {
    const keep = async (server: TestServer): Promise<void> => {
      const client = new pg.Client({ connectionString: server.databaseUrl });
      await client.connect();
      await client.query('CREATE TABLE kept (name text, bytes bytea)');
      await client.query('INSERT INTO kept VALUES ($1, $2)', ['x', Buffer.from(await handedOut(server))]);
      await client.end();
    };
    expect(await complaint(keep, { database: 'postgres' })).toMatch(/the table kept of \S+ holds fw_srv_/);
  });

  it('finds the secret that tickets are signed with, where it is not kept', async () => {
    const secret = randomBytes(32).toString('hex');
    const keep = async (server: TestServer): Promise<void> => {
      const client = new pg.Client({ connectionString: server.databaseUrl });
      await client.connect();
      await client.query('CREATE TABLE server_secret (name text, value text, created_at text)');
      await client.query('INSERT INTO server_secret VALUES ($1, $2, $3)', ['ticket', secret, '2026-01-01T00:00:00.000Z']);
      await client.end();
    };
    const spill = async (server: TestServer): Promise<void> => {
      await keep(server);
      await get(server, '/spill', { text: secret.slice(0, 32), to: 'stdout' });
    };
    expect(await complaint(keep, { database: 'postgres' })).toBe('nothing');
    expect(await complaint(spill, { database: 'postgres' })).toMatch(
      /stdout of \S+ holds the secret that tickets are signed with/,
    );
  });

  it('finds a secret in traces', async () => {
    const collector = await Collector.start();
    await httpRequest(collector.url, { method: 'POST', body: `{"resourceSpans":[],"x":"${newKey()}"}` });
    expect(() => collector.stop()).toThrow(/traces hold fw_srv_/);
  });

  it('finds a secret in a refusal, and in a good answer that is no place for it', async () => {
    const refusal = await complaint((server) => get(server, '/refused', { echo: `unknown: ${ADMIN_TOKEN}` }));
    expect(refusal).toContain('the answer 400 to GET /refused shows FLAGWIRE_ADMIN_TOKEN');
    const list = await complaint((server) => get(server, '/api/tokens', { echo: newKey('adm') }));
    expect(list).toMatch(/the answer 200 to GET \/api\/tokens shows fw_adm_/);
  });
});

describeEachDatabase('the search in what a real server leaves behind', (database) => {
  it('knows what it made, and finds none of it', async () => {
    const server = await startServer({ database });
    const { key } = await server.admin.createKey('production');
    const { body } = await server.admin.as(key).request('POST', '/sdk/ticket', {});
    const before = knownSecrets.size;
    await server.dispose();
    // The one that the server drew for itself.
    expect(knownSecrets.size).toBe(before + 1);
    expect(knownSecrets.find(`${key} ${(body as { ticket: string }).ticket}`)).toHaveLength(2);
  });
});
