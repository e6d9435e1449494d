import { existsSync, mkdirSync, rmdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import { hasOpenssl, makeCertificates } from './certs.js';
import { freshDatabase } from './fresh-database.js';
import { startPostgres, type TestPostgres } from './postgres.js';
import { skipIf } from './skip-if.js';
import { removeStalePostgres } from './stale-postgres.js';

describe('startPostgres', () => {
  let postgres: TestPostgres;

  beforeAll(async () => {
    postgres = await startPostgres({ settings: { max_connections: '20' } });
  }, 60_000);
  afterAll(() => postgres.stop());

  it('keeps data and port through a crash', async () => {
    const database = await freshDatabase('crash', postgres.url);
    await database.query('CREATE TABLE kept (id int)');
    await database.query('INSERT INTO kept VALUES (7)');
    await postgres.restart('immediate');
    expect(await database.query('SELECT id FROM kept')).toEqual([{ id: 7 }]);
  }, 30_000);

  it('takes settings', async () => {
    const database = await freshDatabase('settings', postgres.url);
    expect(await database.query('SHOW max_connections')).toEqual([{ max_connections: '20' }]);
  });

  it('does not sort by code point, as most databases do not', async () => {
    const database = await freshDatabase('collation', postgres.url);
    const rows = await database.query<{ id: string }>("SELECT id FROM (VALUES ('B'), ('a')) AS t (id) ORDER BY id");
    expect(rows.map((row) => row.id)).toEqual(['a', 'B']);
  });

  it('refuses connections while halted, and comes back', async () => {
    await postgres.halt();
    expect(postgres.pid).toBeUndefined();
    await expect(freshDatabase('down', postgres.url)).rejects.toThrow('ECONNREFUSED');
    await postgres.start();
    await expect(freshDatabase('up', postgres.url)).resolves.toHaveProperty('name');
  }, 30_000);
});

describe('startPostgres that fails', () => {
  it('reports the log and leaves nothing behind', async () => {
    await expect(startPostgres({ settings: { max_connections: 'many' } })).rejects.toThrow('max_connections');
  }, 60_000);
});

skipIf(!hasOpenssl(), 'openssl is not installed').describe('startPostgres with TLS', () => {
  it('refuses plain connections where TLS is required', async () => {
    const { ca, key, cert } = await makeCertificates();
    const postgres = await startPostgres({ tls: { key, cert, required: true } });
    try {
      const client = new pg.Client({ connectionString: postgres.url, ssl: { ca } });
      await client.connect();
      const result = await client.query<{ ssl: boolean }>('SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()');
      expect(result.rows).toEqual([{ ssl: true }]);
      await client.end();
      await expect(freshDatabase('plain', postgres.url)).rejects.toThrow('pg_hba.conf');
    } finally {
      await postgres.stop();
    }
  }, 60_000);
});

describe('freshDatabase', () => {
  it('gives a database of its own on the shared server, and drops it under open connections', async () => {
    const [one, other] = await Promise.all([freshDatabase('one'), freshDatabase('other')]);
    expect(one.url).not.toBe(other.url);
    const client = new pg.Client({ connectionString: one.url });
    client.on('error', () => undefined);
    await client.connect();
    await one.drop();
    await one.drop();
    await other.drop();
    await expect(client.query('SELECT 1')).rejects.toThrow();
    await client.end().catch(() => undefined);
  });
});

describe('removeStalePostgres', () => {
  it('removes what a dead process left and nothing else', () => {
    const dead = join(tmpdir(), 'flagwire-pg-4194999-spec'); // above the largest pid of Linux
    const alive = join(tmpdir(), `flagwire-pg-${process.pid}-spec`);
    mkdirSync(dead, { recursive: true });
    mkdirSync(alive, { recursive: true });
    expect(removeStalePostgres()).toContain('flagwire-pg-4194999-spec');
    expect([existsSync(dead), existsSync(alive)]).toEqual([false, true]);
    rmdirSync(alive);
  });
});
