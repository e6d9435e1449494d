import { randomUUID } from 'node:crypto';
import { expect, it } from '@jest/globals';
import { httpRequest } from '../support/http-request.js';
import { knownSecrets } from '../support/known-secrets.js';
import { SseProbe } from '../support/sse-client.js';
import { type TestServer } from '../support/server.js';
import { describeEachDatabase, useServers } from '../support/use-servers.js';
import { knock } from './support/knock.js';
import { socketIo, webSocket } from './support/socket-doors.js';

const start = useServers();
const KEYS = '/api/projects/default/environments/production/sdk-keys';

/** Every secret that a server makes, each shown twice where that is possible: to the same request with its Idempotency-Key. */
async function makeAll({ admin }: TestServer): Promise<string[]> {
  const twice = async (path: string, body: object): Promise<Record<string, string>> => {
    const headers = { 'Idempotency-Key': randomUUID() };
    const first = await admin.call<Record<string, string>>('POST', path, body, { headers });
    const again = await admin.call<Record<string, string>>('POST', path, body, { headers });
    expect(again.body).toEqual(first.body);
    return first.body;
  };
  const server = await twice(KEYS, { name: 'a', kind: 'server' });
  const client = await twice(KEYS, { name: 'b', kind: 'client', allowed_origins: ['https://shop.example'] });
  const rotated = await twice(`${KEYS}/${server['id']}/rotate`, { grace_seconds: 60 });
  const token = await twice('/api/tokens', { name: 'c', role: 'editor' });
  const { body } = await admin.as(rotated['key'] ?? '').call<{ ticket: string }>('POST', '/sdk/ticket', { flags: ['a.*'] });
  return [server['key'], client['key'], rotated['key'], token['token'], body.ticket].map(String);
}

/** In every place where a credential may stand; most of these are refused. */
async function useAll(server: TestServer, secrets: readonly string[]): Promise<void> {
  const { url, admin } = server;
  for (const secret of secrets) {
    for (const keyIn of ['bearer', 'x-api-key', 'query'] as const) await knock('/sdk/poll', { url, key: secret, keyIn });
    await knock('/sdk/stream', { url, ticket: secret });
    await admin.as(secret).request('POST', '/api/projects', { key: 'Not a key', name: 'x' });
    await httpRequest(`${url}/no/such/${secret}?key=${secret}`, {
      headers: { 'User-Agent': secret, Referer: `${url}/${secret}` },
    });
    for (const door of [webSocket, socketIo]) {
      const probe = await door.connect({ url, key: secret }).catch(() => null);
      await probe?.close();
    }
  }
  const stream = await SseProbe.connect({ url, key: secrets[0] ?? '', keyIn: 'query' });
  await admin.createFlag('flag');
  await stream.waitForState((state) => state.has('flag'));
  await stream.close();
}

describeEachDatabase('a server that has made, shown and been asked with keys, tokens and tickets', (database) => {
  it('leaves none of them behind, in its log at its most talkative, its figures, its database and its refusals', async () => {
    const server = await start({ database, env: { FLAGWIRE_LOG_LEVEL: 'trace' } });
    const secrets = await makeAll(server);
    await useAll(server, secrets);
    expect(secrets.filter((secret) => knownSecrets.find(secret).length === 0)).toEqual([]);
    await expect(server.dispose()).resolves.toBeUndefined();
  });
});
