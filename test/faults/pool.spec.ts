import { afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import { freshDatabase, type FreshDatabase } from '../support/fresh-database.js';
import { type TestServer } from '../support/server.js';
import { SseProbe } from '../support/sse-client.js';
import { useServers } from '../support/use-servers.js';
import { eventually } from '../support/wait.js';
import { content, OwnWriter } from './own-writer.js';

const PATIENCE_MS = 20_000;
const POOL = 4;
const WRITES = 12;
/** Longer than a writer waits for a connection, so that those who got one still wait for their lock. */
const STATEMENT_MS = 60_000;
const PRODUCTION = `SELECT e.id FROM environment e WHERE e.key = 'production'`;

/** One writer's row is locked by somebody else: whoever writes there waits, with a connection of the pool. */
describe('a node whose writers wait for a lock', () => {
  const start = useServers();
  let fresh: FreshDatabase;
  let server: TestServer;
  let other: pg.Client | undefined;

  const write = (index: number) =>
    server.admin.request('PATCH', `/api/projects/default/flags/flag-${index}/environments/production`, { status: 'disabled' });

  beforeAll(async () => {
    fresh = await freshDatabase('pool');
    const env = {
      FLAGWIRE_DB_POOL: String(POOL),
      FLAGWIRE_DB_CONNECT_TIMEOUT_MS: '2000',
      FLAGWIRE_DB_STATEMENT_TIMEOUT_MS: String(STATEMENT_MS),
    };
    server = await start({ database: fresh.url, env });
    for (let index = 0; index < WRITES; index += 1) await server.admin.createFlag(`flag-${index}`);
  });
  afterEach(async () => {
    await other?.end();
    other = undefined;
  });

  async function lockProduction(): Promise<pg.Client> {
    other = new pg.Client({ connectionString: fresh.url });
    await other.connect();
    await other.query(`BEGIN; SELECT * FROM environment_head WHERE environment_id IN (${PRODUCTION}) FOR UPDATE`);
    return other;
  }

  it('refuses further ones with 503, and goes on to read, to look keys up and to deliver', async () => {
    const { key } = await server.admin.createKey('staging');
    const writer = await OwnWriter.open(fresh.url, 'staging');
    const probe = await SseProbe.connect({ url: server.url, key });
    await probe.waitForSync(PATIENCE_MS);
    const own = await server.admin.createKey('staging');
    const holder = await lockProduction();

    const answers: { status: number; retryAfter: string | undefined }[] = [];
    const writes = Array.from({ length: WRITES }, async (_, index) => {
      const { status, headers } = await write(index);
      answers.push({ status, retryAfter: headers['retry-after'] });
    });
    await eventually(() => answers.length === WRITES - (POOL - 1), { timeoutMs: PATIENCE_MS, what: 'refusals' });
    expect(new Set(answers.map(({ status, retryAfter }) => `${status} ${retryAfter}`))).toEqual(new Set(['503 1']));

    // The others wait on, with all connections that writers may have.
    const cursor = await writer.write((manager) => writer.append(manager, [content('elsewhere', 'meanwhile')]));
    await probe.waitForCursor(cursor, PATIENCE_MS);
    const newcomer = await SseProbe.connect({ url: server.url, key: own.key });
    await newcomer.waitForSync(PATIENCE_MS);
    expect(newcomer.state.get('elsewhere')).toMatchObject({ description: 'meanwhile' });
    expect((await server.admin.request('GET', '/api/projects/default/flags')).status).toBe(200);
    expect((await server.admin.as(null).request('GET', '/health/ready')).body).toMatchObject({ status: 'ok', database: 'ok' });
    expect(answers).toHaveLength(WRITES - (POOL - 1));

    await holder.query('ROLLBACK');
    await Promise.all(writes);
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(POOL - 1);
    await Promise.all([probe.close(), newcomer.close(), writer.close()]);
  });
});

/** Where each of them had one to write on, none would be left to read on. */
describe('a node with few connections', () => {
  const start = useServers();

  it('answers as many requests at once as come, though each reads while it writes', async () => {
    const server = await start({ database: 'postgres', env: { FLAGWIRE_DB_POOL: '2' } });
    const path = '/api/projects/default/environments/staging/sdk-keys';
    const posts = Array.from({ length: 8 }, (_, index) =>
      server.admin.request('POST', path, { name: `key ${index}`, kind: 'server' }, { 'Idempotency-Key': `at-once-${index}` }),
    );
    expect((await Promise.all(posts)).map(({ status }) => status)).toEqual(posts.map(() => 201));
  });
});
