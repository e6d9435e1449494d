import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { hasOpenssl, makeCertificates } from '../support/certs.js';
import { freshDatabase, type FreshDatabase } from '../support/fresh-database.js';
import { startPostgres, type TestPostgres } from '../support/postgres.js';
import { type TestServer } from '../support/server.js';
import { skipIf } from '../support/skip-if.js';
import { useServers } from '../support/use-servers.js';
import { eventually } from '../support/wait.js';
import { metric } from './metric.js';

const given = skipIf(!hasOpenssl(), 'there is no openssl to make certificates with');

const SESSIONS = `SELECT s.ssl FROM pg_stat_ssl s JOIN pg_stat_activity a USING (pid) WHERE a.application_name LIKE 'flagwire%'`;

given.describe('a PostgreSQL behind TLS', () => {
  const start = useServers();
  let folder: string;
  let postgres: TestPostgres;
  let fresh: FreshDatabase;

  const file = (name: string) => join(folder, name);
  const verifyFull = (host: string, ca: string): string => {
    const url = new URL(fresh.url);
    url.hostname = host;
    url.search = `?sslmode=verify-full&sslrootcert=${encodeURIComponent(file(ca))}`;
    return url.href;
  };
  const output = (server: TestServer) => server.stdout() + server.stderr();

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'flagwire-tls-'));
    const right = await makeCertificates(['localhost']);
    writeFileSync(file('right.crt'), right.ca);
    writeFileSync(file('wrong.crt'), (await makeCertificates()).ca);
    // Without the duty to use TLS, which the test's own connections do not: the server is asked to verify, that is enough.
    postgres = await startPostgres({ tls: { key: right.key, cert: right.cert } });
    fresh = await freshDatabase('tls', postgres.url);
  });
  afterAll(async () => {
    await postgres?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  it('is used, for wake-ups too, where authority and name are right', async () => {
    const server = await start({ database: verifyFull('localhost', 'right.crt') });
    await server.admin.createFlag('one');
    await eventually(async () => expect(await metric(server, 'flagwire_listener_connected')).toBe(1));
    const sessions = await fresh.query<{ ssl: boolean }>(SESSIONS);
    expect(sessions.length).toBeGreaterThanOrEqual(2);
    expect(sessions.filter(({ ssl }) => !ssl)).toEqual([]);
    await server.kill();
  });

  it('is refused with a line that says why, where another authority signed', async () => {
    const server = await start({ database: verifyFull('localhost', 'wrong.crt'), until: 'live' });
    await eventually(() => /database cannot be reached \(.*certificate.*\)/i.test(output(server)), { timeoutMs: 20_000 });
    expect((await server.admin.as(null).request('GET', '/health/ready')).status).toBe(503);
    await server.kill();
  });

  it('is refused with a line that names the host, where the certificate is for another host', async () => {
    const server = await start({ database: verifyFull('127.0.0.1', 'right.crt'), until: 'live' });
    await eventually(() => /database cannot be reached \(.*certificate.*127\.0\.0\.1.*\)/i.test(output(server)), {
      timeoutMs: 20_000,
    });
    expect((await server.admin.as(null).request('GET', '/health/ready')).status).toBe(503);
    await server.kill();
  });
});
