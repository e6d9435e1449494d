import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { freshDatabase } from '../support/fresh-database.js';
import { type TestServer } from '../support/server.js';
import { TcpProxy } from '../support/tcp-proxy.js';
import { useServers } from '../support/use-servers.js';
import { eventually } from '../support/wait.js';

const AT_ONCE = 20;
const LEAST = 5;

/** Each looks open, and breaks with the first bytes of the answer: so a network leaves them that was away for a while. */
describe('a node whose connections to its PostgreSQL are all dead, and do not show it', () => {
  const start = useServers();
  let proxy: TcpProxy;
  let server: TestServer;

  const read = () => server.admin.request('GET', '/api/projects');

  beforeAll(async () => {
    const fresh = await freshDatabase('dead');
    proxy = await TcpProxy.start(fresh.url);
    // Its tail would find them out one by one, before anybody asks.
    const env = { DATABASE_LISTEN_URL: fresh.url, FLAGWIRE_TAIL_MS: '10000' };
    server = await start({ database: proxy.through(fresh.url), env });
  });
  afterAll(async () => {
    await server?.kill();
    await proxy?.stop();
  });

  it('answers the first who reads, as though nothing were wrong', async () => {
    await eventually(async () => {
      await Promise.all(Array.from({ length: AT_ONCE }, read));
      return proxy.connections.length >= LEAST;
    });
    for (const connection of proxy.connections) connection.resetAfter(1);
    expect((await read()).status).toBe(200);
  });
});
