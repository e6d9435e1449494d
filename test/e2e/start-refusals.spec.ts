import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { runServerToEnd, type ServerOptions } from '../support/server.js';
import { useServers } from '../support/use-servers.js';

const start = useServers();
let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'flagwire-refusals-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

/** What a server says that refuses to start: exit code 1, and sentences for the operator without a stack. */
async function refusal(options: ServerOptions): Promise<string> {
  const { code, signal, stdout, stderr } = await runServerToEnd(options);
  expect({ code, signal, stdout, stderr }).toMatchObject({ code: 1, signal: null });
  expect(`${stdout}\n${stderr}`).not.toMatch(/^\s+at .*:\d+/m);
  return stderr;
}

describe('a server with wrong settings', () => {
  it('refuses to start in production without a token, says how to make one, and makes no database', async () => {
    const dataDir = mkdtempSync(join(folder, 'production-'));
    const said = await refusal({ dataDir, env: { NODE_ENV: 'production', FLAGWIRE_ADMIN_TOKEN: undefined } });
    expect(said).toContain('FLAGWIRE_ADMIN_TOKEN');
    expect(said).toContain('openssl rand -hex 32');
    expect(existsSync(join(dataDir, 'flagwire.db'))).toBe(false);
  });

  it('names every mistake at once, and repeats no token', async () => {
    const env = {
      PORT: '70000',
      DATABASE_URL: 'mysql://root@localhost/flags',
      FLAGWIRE_ADMIN_TOKEN: 'too-short-a-token',
      FLAGWIRE_PING_S: '0',
      FLAGWIRE_LAG_BYTES: '12.5',
      FLAGWIRE_METRICS_OPEN: 'yes',
      FLAGWIRE_HEARTBEAT_SECONDS: '30',
      FLAGWIRE_SQLITE_DRIVER: 'sqlite3',
      FLAGWIRE_TICKET_TTL_S_FILE: join(folder, 'is-not-there'),
    };
    const said = await refusal({ env });
    const lines = said.split('\n').filter((line) => line.trim().startsWith('-'));
    expect(lines).toHaveLength(Object.keys(env).length);
    for (const name of Object.keys(env))
      expect(lines.filter((line) => line.includes(name.replace(/_FILE$/, '')))).toHaveLength(1);
    expect(said).not.toContain('too-short-a-token');
  });

  it('refuses a setting that stands in the environment and in a file', async () => {
    const file = join(folder, 'token');
    writeFileSync(file, 'x'.repeat(40));
    const said = await refusal({ env: { FLAGWIRE_ADMIN_TOKEN_FILE: file } });
    expect(said).toMatch(/FLAGWIRE_ADMIN_TOKEN\b.*FLAGWIRE_ADMIN_TOKEN_FILE/);
  });
});

describe('a second process on a SQLite file', () => {
  it('is refused while the first one lives, and takes over when that was killed', async () => {
    const first = await start();
    await first.admin.createFlag('kept');
    const said = await refusal({ database: first.databaseUrl });
    expect(said).toContain('flagwire.db');
    expect(said).toMatch(/in use by another/);
    expect(said).toContain('DATABASE_URL');
    // Nor did it disturb the first one.
    await first.admin.createFlag('also-kept');

    await first.kill('SIGKILL');
    const second = await start({ database: first.databaseUrl });
    const { body } = await second.admin.call<{ items: { id: string }[] }>('GET', '/api/projects/default/flags');
    expect(body.items.map(({ id }) => id).sort()).toEqual(['also-kept', 'kept']);
    await refusal({ database: first.databaseUrl });
  });

  it('is refused by the same file under another name', async () => {
    const first = await start();
    const detour = first.databaseUrl.replace('flagwire.db', './flagwire.db');
    expect(await refusal({ database: detour })).toMatch(/in use by another/);
  });
});

describe('a server that cannot have what it needs', () => {
  it('says which port is taken', async () => {
    const holder = createServer();
    await new Promise<void>((resolve) => holder.listen(0, '127.0.0.1', resolve));
    const { port } = holder.address() as AddressInfo;
    try {
      const said = await refusal({ port });
      expect(said).toContain(String(port));
      expect(said).toContain('PORT');
    } finally {
      holder.close();
    }
  });

  it('says that it cannot listen on the address', async () => {
    const said = await refusal({ env: { FLAGWIRE_HOST: '192.0.2.1' } });
    expect(said).toContain('192.0.2.1');
    expect(said).toContain('FLAGWIRE_HOST');
  });

  it('says which folder it cannot make or write to', async () => {
    writeFileSync(join(folder, 'a-file'), '');
    const inFile = join(folder, 'a-file', 'data', 'flagwire.db');
    const locked = join(folder, 'locked');
    mkdirSync(locked);
    chmodSync(locked, 0o555);
    // Nothing is locked to root.
    const paths = process.getuid?.() === 0 ? [inFile] : [inFile, join(locked, 'flagwire.db')];
    for (const path of paths) {
      const said = await refusal({ database: `sqlite:${path}` });
      expect(said).toContain(path.slice(0, path.lastIndexOf('/')));
      expect(said).toContain('DATABASE_URL');
    }
  });

  it.each([
    ['a folder', 'a-folder'],
    ['no database', 'no-database'],
  ])('says so where the file is %s', async (_name, file) => {
    if (file === 'a-folder') mkdirSync(join(folder, file));
    else writeFileSync(join(folder, file), 'These are notes, and no database at all. '.repeat(50));
    const said = await refusal({ database: `sqlite:${join(folder, file)}` });
    expect(said).toContain(join(folder, file));
    expect(said).toContain('DATABASE_URL');
  });
});
