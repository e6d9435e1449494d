import { beforeAll, expect, it } from '@jest/globals';
import { type AdminAnswer } from '../support/admin-client.js';
import { ADMIN_TOKEN, type TestServer } from '../support/server.js';
import { describeEachDatabase, useServers } from '../support/use-servers.js';
import { knock } from './support/knock.js';
import { socketDoors, verdict, webSocket } from './support/socket-doors.js';

/** Twenty a minute, as without the setting. */
const ENV = { FLAGWIRE_TRUST_PROXY: '1', FLAGWIRE_WRONG_CREDENTIALS_PER_MINUTE: undefined };
const GUESS = 'a-guess-at-the-token-of-the-environment!';

describeEachDatabase('wrong credentials of one address', (database) => {
  const start = useServers();
  let server: TestServer;
  let key: string;
  let addresses = 0;

  beforeAll(async () => {
    server = await start({ database, env: ENV });
    ({ key } = await server.admin.createKey('production'));
  });

  const newAddress = (): string => `192.0.2.${(addresses += 1)}`;

  function ask(path: string, token: string | null, address: string, method = 'GET'): Promise<AdminAnswer> {
    return server.admin.as(token).request(method, path, undefined, { 'X-Forwarded-For': address });
  }

  async function statuses(times: number, path: string, token: string | null, address: string): Promise<Set<number>> {
    const found = new Set<number>();
    for (let turn = 0; turn < times; turn += 1) found.add((await ask(path, token, address)).status);
    return found;
  }

  it('are answered 401 twenty times, and then 429 with the time to wait', async () => {
    const address = newAddress();
    expect(await statuses(20, '/api/projects', GUESS, address)).toEqual(new Set([401]));
    const answer = await ask('/api/projects', GUESS, address);
    expect(answer).toMatchObject({ status: 429, body: { code: 'rate_limited' } });
    expect(answer.headers['content-type']).toBe('application/problem+json');
    expect(Number(answer.headers['retry-after'])).toBeGreaterThanOrEqual(1);
    expect(Number(answer.headers['retry-after'])).toBeLessThanOrEqual(60);
    expect((await ask('/api/projects', GUESS, newAddress())).status).toBe(401);
  });

  it('are counted together at every door: the admin API, figures, polls, tickets and streams', async () => {
    const address = newAddress();
    const doors = ['/api/projects', '/metrics', '/sdk/poll', '/sdk/stream'];
    for (const door of doors) expect(await statuses(5, door, GUESS, address)).toEqual(new Set([401]));
    for (const door of doors.slice(0, 3)) expect([door, (await ask(door, GUESS, address)).status]).toEqual([door, 429]);
    expect((await ask('/sdk/ticket', GUESS, address, 'POST')).status).toBe(429);
  });

  it('never keep a good one at the same address away', async () => {
    const address = newAddress();
    await statuses(25, '/sdk/poll', GUESS, address);
    const { token } = await server.admin.createToken('viewer');
    const fresh = await server.admin.createKey('production');
    expect((await ask('/sdk/poll', GUESS, address)).status).toBe(429);
    for (const good of [key, fresh.key]) expect((await ask('/sdk/poll', good, address)).status).toBe(200);
    for (const good of [token, ADMIN_TOKEN]) expect((await ask('/api/projects', good, address)).status).toBe(200);
    expect((await ask('/sdk/poll', GUESS, address)).status).toBe(429);
  });

  it('are answered 401 by a stream all the same: to an EventSource nothing else is final', async () => {
    const address = newAddress();
    const headers = { 'X-Forwarded-For': address };
    await statuses(21, '/sdk/poll', GUESS, address);
    const { id, key: doomed } = await server.admin.createKey('production');
    await server.admin.revokeKey('production', id);
    expect(await knock('/sdk/stream', { url: server.url, key: doomed, headers })).toMatchObject({ code: 'revoked_key' });
    expect(await knock('/sdk/stream', { url: server.url, ticket: 'x', headers })).toMatchObject({ code: 'malformed_ticket' });
  });

  it('are counted, and answered as ever, by both sockets: their clients would come back after anything else', async () => {
    for (const door of socketDoors) {
      const address = newAddress();
      const headers = { 'X-Forwarded-For': address };
      const tried = new Set<string>();
      for (let turn = 0; turn < 25; turn += 1) tried.add(await verdict(door, { url: server.url, key: GUESS, headers }));
      expect([...tried]).toEqual([door === webSocket ? 'malformed_key, closed with 4401' : 'malformed_key']);
      expect((await ask('/sdk/poll', GUESS, address)).status).toBe(429);
      expect(await verdict(door, { url: server.url, key, headers })).toBe('admitted');
    }
  });

  it('are unknown, revoked and expired ones; none at all and a good one without the scope are not', async () => {
    const address = newAddress();
    const { token } = await server.admin.createToken('viewer', { project: 'default' });
    const { key: client } = await server.admin.createKey('production', 'client');
    expect(await statuses(25, '/api/projects', null, address)).toEqual(new Set([401]));
    expect(await statuses(25, '/api/tokens', token, address)).toEqual(new Set([403]));
    expect(await statuses(25, '/sdk/poll', client, address)).toEqual(new Set([403]));
    expect(await statuses(25, '/sdk/poll', ADMIN_TOKEN, address)).toEqual(new Set([401]));
    const { id, key: doomed } = await server.admin.createKey('production');
    await server.admin.revokeKey('production', id);
    expect(await statuses(20, '/sdk/poll', doomed, address)).toEqual(new Set([401]));
    expect((await ask('/sdk/poll', doomed, address)).status).toBe(429);
  });

  it('are in the figures, by the code of the answer', async () => {
    const { body } = await server.admin.call<string>('GET', '/metrics');
    for (const code of ['malformed_key', 'malformed_token', 'revoked_key', 'rate_limited', 'wrong_project']) {
      expect(body).toMatch(new RegExp(`^flagwire_refused_requests_total\\{code="${code}"\\} [1-9]`, 'm'));
    }
  });
});
