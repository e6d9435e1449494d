import { copyFileSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, truncateSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import libsql from 'libsql';
import { ClientsProcess } from '../client/support/clients-process.js';
import { flagsByAdmin } from '../mixed/ledger.js';
import { changesOf } from '../support/audit-pages.js';
import { type TestServer } from '../support/server.js';
import { useServers } from '../support/use-servers.js';
import { SteadyWriter } from '../support/steady-writer.js';
import { flagwire, type Ran } from './support/flagwire.js';

const LIMIT_MS = 120_000;

describe('A back-up', () => {
  const start = useServers();
  let folder: string;
  let server: TestServer;

  const fileOf = (name: string) => join(folder, name);
  const admin = (command: string, file: string, databaseUrl = server.databaseUrl): Promise<Ran> =>
    flagwire(['admin', command, file], { env: { DATABASE_URL: databaseUrl } });
  async function backUp(name: string): Promise<string> {
    expect(await admin('backup', fileOf(name))).toMatchObject({ code: 0, stderr: '' });
    return fileOf(name);
  }

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'flagwire-backup-'));
    server = await start();
    for (const id of ['left', 'right']) await server.admin.createFlag(id);
  });
  afterAll(() => {
    rmSync(folder, { recursive: true });
  });

  it(
    'that is made while the server writes holds a whole number of change sets, and every one that was answered before',
    async () => {
      const writer = await SteadyWriter.begin(server.admin, 'production', ['left', 'right']);
      const before = writer.revision;
      const { stdout } = await admin('backup', fileOf('live.db'));
      const after = writer.revision;
      await writer.end();
      expect(after).toBeGreaterThan(before);
      const revision = Number(/default\/production: revision (\d+)/.exec(stdout)?.[1]);
      expect(revision).toBeGreaterThanOrEqual(before);
      expect(revision).toBeLessThanOrEqual(after + 1);

      const other = await start({ database: `sqlite:${fileOf('live.db')}` });
      const revisions = (await changesOf(other.admin, 'production')).map((change) => change['revision']);
      expect(revisions).toEqual(Array.from({ length: revision }, (_, index) => index + 1));
      const flags = await flagsByAdmin(other.admin, 'default', 'production');
      expect(flags.get('left')?.status).toBe(flags.get('right')?.status);
      expect(flags.get('left')?.metadata.version).toBe(flags.get('right')?.metadata.version);
    },
    LIMIT_MS,
  );

  it('says what is in it, and is its owner’s alone', async () => {
    const { stdout } = await admin('backup', fileOf('told.db'));
    expect(stdout).toMatch(/^Backed up to .*told\.db:\n {2}default\/development: revision \d+, of 20\d\d-/);
    expect(stdout.split('\n').filter((line) => line.startsWith('  '))).toHaveLength(3);
    expect(statSync(fileOf('told.db')).mode & 0o777).toBe(0o600);
  });

  it('is not written over a file that is there', async () => {
    const file = await backUp('there.db');
    const before = readFileSync(file);
    expect(await admin('backup', file)).toMatchObject({
      code: 3,
      stdout: '',
      stderr: `${file} is there already: name another file.\n`,
    });
    expect(readFileSync(file).equals(before)).toBe(true);
  });

  it('leaves nothing where it cannot be made', async () => {
    const nowhere = join(folder, 'nowhere', 'a.db');
    expect(await admin('backup', nowhere)).toMatchObject({ code: 3, stderr: expect.stringContaining(nowhere) as unknown });
    expect(await admin('backup', fileOf('none.db'), `sqlite:${fileOf('missing.db')}`)).toMatchObject({ code: 3 });
    expect(await admin('backup', fileOf('none.db'), 'postgres://nobody@127.0.0.1:1/none')).toMatchObject({
      code: 3,
      stderr: expect.stringContaining('pg_dump') as unknown,
    });
    expect(readdirSync(folder).filter((name) => /none|missing|unfinished/.test(name))).toEqual([]);
  });
});

describe('A restore', () => {
  const start = useServers();
  let folder: string;
  let server: TestServer;
  let good: string;

  const restore = (file: string, databaseUrl = server.databaseUrl): Promise<Ran> =>
    flagwire(['admin', 'restore', file], { env: { DATABASE_URL: databaseUrl } });

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'flagwire-restore-'));
    server = await start();
    await server.admin.createFlag('early');
    good = join(folder, 'good.db');
    await flagwire(['admin', 'backup', good], { env: { DATABASE_URL: server.databaseUrl } });
  });
  afterAll(() => {
    rmSync(folder, { recursive: true });
  });

  it('waits for nobody: where a server has the database it refuses, and that one goes on', async () => {
    expect(await restore(good)).toMatchObject({
      code: 3,
      stdout: '',
      stderr: expect.stringContaining('in use by another Flagwire server') as unknown,
    });
    await server.admin.createFlag('later');
    await server.restart('SIGKILL');
    expect((await flagsByAdmin(server.admin, 'default', 'production')).has('later')).toBe(true);
  });

  it.each<[string, (file: string) => void, string]>([
    ['is cut off', (file) => truncateSync(file, statSync(file).size / 2), 'damaged'],
    ['is another program’s', (file) => void tableIn(file, 'CREATE TABLE other (id)'), 'no database of Flagwire'],
    [
      'is of a newer version',
      (file) => void tableIn(file, "INSERT INTO migrations VALUES (99, 99, 'NotYet99')"),
      'newer version',
    ],
    [
      'is not there',
      (file) => {
        rmSync(file);
      },
      'There is no file',
    ],
  ])('of what %s changes nothing', async (what, spoil, message) => {
    await server.stop();
    const bad = join(folder, `bad-${what.length}.db`);
    if (message !== 'no database of Flagwire') copyFileSync(good, bad);
    spoil(bad);
    expect(await restore(bad)).toMatchObject({ code: 3, stdout: '', stderr: expect.stringContaining(message) as unknown });
    await server.restart();
    expect((await flagsByAdmin(server.admin, 'default', 'production')).has('later')).toBe(true);
    expect(readdirSync(server.dataDir).filter((name) => /before|unfinished/.test(name))).toEqual([]);
  });

  it(
    'of a history that was handed out twice leaves no client with a flag that is not in the database',
    async () => {
      const { key } = await server.admin.createKey('production');
      const file = join(folder, 'twice.db');
      expect((await flagwire(['admin', 'backup', file], { env: { DATABASE_URL: server.databaseUrl } })).code).toBe(0);
      const clients = new ClientsProcess(server.url, key);
      try {
        // The same revisions, once with these flags and once with others. They all come to their clients.
        for (const id of ['lost-1', 'lost-2', 'lost-3']) await server.admin.createFlag(id);
        await clients.agreeWith(await flagsByAdmin(server.admin, 'default', 'production'));
        await server.kill();
        const { code, stdout } = await restore(file);
        expect(code).toBe(0);
        await server.restart();
        for (const id of ['new-1', 'new-2', 'new-3', 'new-4']) await server.admin.createFlag(id);
        await clients.agreeWith(await flagsByAdmin(server.admin, 'default', 'production'));
        expect([...(await flagsByAdmin(server.admin, 'default', 'production')).keys()]).not.toContain('lost-1');

        // What was there before is whole: with the changes that were in no file but the -wal yet.
        const kept = /is kept in (.*)\.\n/.exec(stdout)?.[1] ?? '';
        const other = await start({ database: `sqlite:${kept}` });
        expect([...(await flagsByAdmin(other.admin, 'default', 'production')).keys()]).toContain('lost-3');
      } finally {
        await clients.close();
      }
    },
    LIMIT_MS,
  );

  it('makes a database where there was none', async () => {
    const database = join(folder, 'elsewhere', 'flagwire.db');
    const { code, stdout } = await restore(good, `sqlite:${database}`);
    expect([code, stdout]).toEqual([0, expect.not.stringContaining('is kept in')]);
    const other = await start({ database: `sqlite:${database}` });
    expect([...(await flagsByAdmin(other.admin, 'default', 'production')).keys()]).toEqual(['early']);
    expect(existsSync(good)).toBe(true);
  });
});

function tableIn(file: string, sql: string): void {
  const handle = new libsql(file);
  handle.exec(sql);
  handle.close();
}
