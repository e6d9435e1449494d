import { beforeAll, describe, expect, it } from '@jest/globals';
import { type CreatedKey } from '../support/admin-client.js';
import { type SdkRequest } from '../support/credentials.js';
import { EtagPoller } from '../support/poll-client.js';
import { type TestServer } from '../support/server.js';
import { useServers } from '../support/use-servers.js';
import { eventually } from '../support/wait.js';
import { doors, knock } from './support/knock.js';

const start = useServers();
let server: TestServer;
let key: string;
/** Of the same environment. */
let other: string;
/** Of another server: well formed, and known to nobody here. */
let foreign: string;
let client: CreatedKey;

beforeAll(async () => {
  const stranger = await start();
  foreign = (await stranger.admin.createKey('production')).key;
  await stranger.dispose();
  server = await start();
  key = (await server.admin.createKey('production')).key;
  other = (await server.admin.createKey('production')).key;
  client = await server.admin.createKey('production', 'client');
});

/** The same text with its last letter changed. */
function mistyped(text: string): string {
  return text.slice(0, -1) + (text.endsWith('x') ? 'y' : 'x');
}

/** A key in each of the places that were named. */
function carrying(places: { bearer?: string; header?: string; query?: string }): SdkRequest {
  const { bearer, header, query } = places;
  return {
    url: server.url,
    headers: {
      ...(bearer === undefined ? {} : { Authorization: `Bearer ${bearer}` }),
      ...(header === undefined ? {} : { 'X-API-Key': header }),
    },
    query: query === undefined ? {} : { key: query },
  };
}

describe.each(doors)('%s', (door) => {
  it.each(['bearer', 'header', 'query'])('takes a server key from the place "%s"', async (place) => {
    expect(await knock(door, carrying({ [place]: key }))).toMatchObject({ status: 200 });
  });

  it('takes the same key in all three places', async () => {
    expect(await knock(door, carrying({ bearer: key, header: key, query: key }))).toMatchObject({ status: 200 });
  });

  it.each([
    ['the two headers', { bearer: 'key', header: 'other' }],
    ['a header and the query', { bearer: 'other', query: 'key' }],
    ['X-API-Key and the query', { header: 'key', query: 'other' }],
  ])('refuses two different keys in %s', async (_name, places) => {
    const given = Object.entries(places).map(([place, which]) => [place, which === 'key' ? key : other]);
    const answer = await knock(door, carrying(Object.fromEntries(given) as Record<string, string>));
    expect(answer).toMatchObject({ status: 400, code: 'invalid_input' });
  });

  it('refuses two different keys that stand in the query', async () => {
    const url = `${server.url}${door}?key=${key}&key=${other}`;
    expect(await knock(door, { url })).toMatchObject({ status: 400, code: 'invalid_input' });
  });

  it('leaves an Authorization of another scheme to whom it is for', async () => {
    const request = { url: server.url, headers: { Authorization: 'Basic dTpw', 'X-API-Key': key } };
    expect(await knock(door, request)).toMatchObject({ status: 200 });
  });

  it('asks for a key where none was sent, and takes none from a cookie', async () => {
    const headers = { Cookie: `key=${key}; Authorization=Bearer ${key}; x-api-key=${key}` };
    for (const request of [{ url: server.url }, { url: server.url, headers }]) {
      const answer = await knock(door, request);
      expect(answer).toMatchObject({ status: 401, code: 'missing_credential' });
      expect(answer.headers['www-authenticate']).toMatch(/^Bearer/);
    }
  });

  it('tells a mistyped key from an unknown one', async () => {
    expect(await knock(door, { url: server.url, key: mistyped(key) })).toMatchObject({ status: 401, code: 'malformed_key' });
    expect(await knock(door, { url: server.url, key: key.slice(0, -1) })).toMatchObject({ status: 401, code: 'malformed_key' });
    expect(await knock(door, { url: server.url, key: foreign })).toMatchObject({ status: 401, code: 'unknown_key' });
  });

  it('shows a client key the right door', async () => {
    for (const keyIn of ['bearer', 'x-api-key', 'query'] as const) {
      const answer = await knock(door, { url: server.url, key: client.key, keyIn });
      expect(answer).toMatchObject({ status: 403, code: 'client_key_forbidden' });
      expect(answer.detail).toContain('/ofrep/v1');
    }
  });

  it('refuses admin tokens, those of the database and that of the environment', async () => {
    const { token } = await server.admin.createToken('admin');
    for (const admin of [token, server.adminToken]) {
      const answer = await knock(door, { url: server.url, key: admin });
      expect(answer).toMatchObject({ status: 401, code: 'wrong_credential_kind' });
    }
  });

  it('refuses env= where it is not the environment of the key', async () => {
    expect(await knock(door, { url: server.url, key, env: 'production' })).toMatchObject({ status: 200 });
    expect(await knock(door, { url: server.url, key, env: 'staging' })).toMatchObject({ status: 403, code: 'wrong_environment' });
    expect(await knock(door, { url: server.url, key, env: 'nowhere' })).toMatchObject({ status: 403 });
  });

  it('refuses a revoked key, and an expired one from its end on', async () => {
    const expires_at = new Date(Date.now() + 1500).toISOString();
    const [revoked, expiring] = [
      await server.admin.createKey('production'),
      await server.admin.createKey('production', 'server', { expires_at }),
    ];
    expect(await knock(door, { url: server.url, key: expiring.key })).toMatchObject({ status: 200 });
    await server.admin.revokeKey('production', revoked.id);
    const refused = async (text: string) => (await knock(door, { url: server.url, key: text })).code;
    await eventually(async () => expect(await refused(revoked.key)).toBe('revoked_key'));
    await eventually(async () => expect(await refused(expiring.key)).toBe('expired_key'), { timeoutMs: 10_000 });
    expect(Date.now()).toBeGreaterThanOrEqual(Date.parse(expires_at));
  });
});

describe('the two families of credentials', () => {
  it('keeps SDK keys and tickets out of the admin API', async () => {
    const { body } = await server.admin.as(key).request('POST', '/sdk/ticket', {});
    const { ticket } = body as { ticket: string };
    for (const credential of [key, client.key, ticket]) {
      for (const path of ['/api/projects', '/api/projects/default/flags', '/api/tokens', '/metrics']) {
        const answer = await server.admin.as(credential).request('GET', path);
        expect([path, answer.status, answer.body]).toMatchObject([path, 401, { code: 'wrong_credential_kind' }]);
      }
    }
  });

  it('takes an admin token from the Authorization header alone', async () => {
    const { adminToken } = server;
    const headers = { 'X-API-Key': adminToken, Cookie: `token=${adminToken}` };
    const answer = await server.admin.as(null).request('GET', `/api/projects?key=${adminToken}`, undefined, headers);
    expect([answer.status, answer.body]).toMatchObject([401, { code: 'missing_credential' }]);
  });
});

describe('a key', () => {
  it('reads its own environment', async () => {
    const keys = await Promise.all(['staging', 'production'].map((environment) => server.admin.createKey(environment)));
    await server.admin.createFlag('only-staging', { environments: { staging: { status: 'enabled' } } });
    const read = async ({ key: text }: CreatedKey) => {
      const poller = new EtagPoller({ url: server.url, key: text });
      await poller.poll();
      return poller.state.get('only-staging')?.status;
    };
    expect(await Promise.all(keys.map(read))).toEqual(['enabled', 'disabled']);
  });

  it('is shown once: the list of keys does not have it', async () => {
    const { body } = await server.admin.call<{ items: Record<string, unknown>[] }>(
      'GET',
      '/api/projects/default/environments/production/sdk-keys',
    );
    const listed = body.items.find(({ id }) => id === client.id);
    const fields = ['id', 'name', 'kind', 'prefix', 'allowed_origins', 'created_at', 'expires_at', 'last_used_at', 'revoked_at'];
    expect(Object.keys(listed ?? {}).sort()).toEqual(fields.sort());
    expect(listed).toMatchObject({ kind: 'client', revoked_at: null, expires_at: null, allowed_origins: [] });
    expect(client.key.startsWith(String(listed?.['prefix']))).toBe(true);
    for (const secret of [key, other, client.key]) expect(JSON.stringify(body)).not.toContain(secret.slice(12));
  });
});
