import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ADMIN_TOKEN, runServerToEnd, startServer } from './server.js';
import { describeEachDatabase, useServers } from './use-servers.js';

/** Stands in for the product: these are tests of the helper. */
const PROGRAM = `
import { createServer } from 'node:http';
if (process.env.FLAGWIRE_BROKEN) { console.error('a setting is wrong'); process.exit(3); }
console.log('started with ' + process.env.DATABASE_URL);
let ready = false;
setTimeout(() => { ready = true; }, 100);
process.on('SIGTERM', () => process.exit(0));
createServer((request, response) => {
  if (request.url === '/crash') process.exit(9);
  if (request.url === '/health/ready') response.writeHead(ready ? 200 : 503).end();
  else {
    response.setHeader('Content-Type', 'application/json').setHeader('Flagwire-Cursor', 'production="k3x9q0ab.42.p7q1zd", staging="aaaaaaaa.0.bbbbbb"');
    response.writeHead(request.url === '/api/none' ? 404 : 200).end(JSON.stringify({ method: request.method, authorization: request.headers.authorization, env: process.env }));
  }
}).listen(process.env.PORT, process.env.FLAGWIRE_HOST);
`;

let folder: string;
let fake: { entry: string; searched: false };
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'flagwire-spec-'));
  // It shows its settings to whoever asks.
  fake = { entry: join(folder, 'main.mjs'), searched: false };
  writeFileSync(fake.entry, PROGRAM);
});
afterAll(() => rmSync(folder, { recursive: true }));

describeEachDatabase('startServer', (database) => {
  const start = useServers();

  it('waits until the server is ready and gives it a database of its own', async () => {
    const server = await start({ ...fake, database });
    expect(server.stdout()).toBe(`started with ${server.databaseUrl}\n`);
    expect(new URL(server.databaseUrl).protocol).toBe(`${database}:`);
  });

  it('restarts on the same port with the same data', async () => {
    const server = await start({ ...fake, database });
    const { pid, port, databaseUrl } = server;
    await server.restart('SIGKILL');
    expect([server.port, server.databaseUrl, server.pid === pid]).toEqual([port, databaseUrl, false]);
    expect(server.stdout()).toBe(`started with ${databaseUrl}\n`.repeat(2));
    await expect(server.stop()).resolves.toEqual({ code: 0, signal: null });
  });
});

describe('startServer', () => {
  const start = useServers();

  it('hides the settings of the test run and passes its own', async () => {
    process.env['FLAGWIRE_LEAK'] = 'x';
    const server = await start({ ...fake, env: { FLAGWIRE_PING_MS: '100', NODE_ENV: undefined } });
    delete process.env['FLAGWIRE_LEAK'];
    const { body } = await server.admin.call<{ env: Record<string, string> }>('GET', '/');
    expect(body.env).toMatchObject({ FLAGWIRE_PING_MS: '100', FLAGWIRE_ADMIN_TOKEN: ADMIN_TOKEN });
    expect(Object.keys(body.env)).not.toEqual(expect.arrayContaining(['NODE_ENV']));
    expect(Object.keys(body.env)).not.toEqual(expect.arrayContaining(['FLAGWIRE_LEAK']));
  });

  it('reports the output of a server that ends early', async () => {
    const starting = startServer({ ...fake, env: { FLAGWIRE_BROKEN: 'yes' } });
    await expect(starting).rejects.toThrow(/ended by itself with 3[^]*a setting is wrong/);
  });

  it('runs a server that refuses to start to its end', async () => {
    const end = await runServerToEnd({ ...fake, env: { FLAGWIRE_BROKEN: 'yes' } });
    expect(end).toMatchObject({ code: 3, stdout: '', stderr: 'a setting is wrong\n' });
  });

  it('notices a crash between two requests', async () => {
    const server = await startServer({ ...fake });
    await server.admin.request('GET', '/crash').catch(() => undefined);
    await server.ended;
    expect(server.crash()).toContain('ended by itself with 9');
    await server.dispose();
  });
});

describe('AdminClient', () => {
  const start = useServers();

  it('reads the cursors of an answer', async () => {
    const { admin } = await start({ ...fake });
    const { status, cursors, body } = await admin.request('GET', '/api/x');
    expect(cursors).toEqual({ production: 'k3x9q0ab.42.p7q1zd', staging: 'aaaaaaaa.0.bbbbbb' });
    expect([status, body]).toEqual([200, expect.objectContaining({ authorization: `Bearer ${ADMIN_TOKEN}` })]);
  });

  it('throws in its helpers what request gives', async () => {
    const { admin } = await start({ ...fake });
    expect((await admin.request('GET', '/api/none')).status).toBe(404);
    await expect(admin.call('GET', '/api/none')).rejects.toThrow('GET /api/none was answered 404');
  });
});
