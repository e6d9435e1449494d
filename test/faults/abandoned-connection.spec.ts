import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import { freshDatabase, type FreshDatabase } from '../support/fresh-database.js';
import { TcpProxy } from '../support/tcp-proxy.js';
import { ImpatientClient } from '../../src/database/impatient-client.js';

/** A statement whose answer has to come within 200 ms; the others may take as long as a busy machine needs. */
const inHaste = (text: string) => ({ text, query_timeout: 200 });

describe('A connection whose answer does not come in time', () => {
  let fresh: FreshDatabase;
  let proxy: TcpProxy;
  let pool: pg.Pool;

  beforeAll(async () => {
    fresh = await freshDatabase('impatient');
    proxy = await TcpProxy.start(fresh.url);
    pool = new pg.Pool({
      connectionString: proxy.through(fresh.url),
      max: 1,
      Client: ImpatientClient,
    });
  });
  afterAll(async () => {
    await pool.end();
    await proxy.stop();
    await fresh.drop();
  });

  it('is not given to the next user with its transaction still open', async () => {
    const client = await pool.connect();
    proxy.hold('toServer');
    await expect(client.query(inHaste('BEGIN'))).rejects.toThrow('Query read timeout');
    await expect(client.query(inHaste('ROLLBACK'))).rejects.toThrow();
    client.release();
    proxy.release();

    const { rows } = await pool.query<{ id: string | null }>('SELECT pg_current_xact_id_if_assigned() AS id');
    expect(rows).toEqual([{ id: null }]);
    await expect(pool.query('SET TRANSACTION ISOLATION LEVEL REPEATABLE READ')).resolves.toBeDefined();
    expect(pool.totalCount).toBe(1);
    const next = await pool.connect();
    expect(next).not.toBe(client);
    next.release();
  });
});
