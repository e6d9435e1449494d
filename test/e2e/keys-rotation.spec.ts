import { beforeAll, describe, expect, it } from '@jest/globals';
import { type CreatedKey } from '../support/admin-client.js';
import { httpRequest } from '../support/http-request.js';
import { SseProbe } from '../support/sse-client.js';
import { type TestServer } from '../support/server.js';
import { useServers } from '../support/use-servers.js';
import { within } from '../support/wait.js';
import { knock } from './support/knock.js';

const start = useServers();
let server: TestServer;
beforeAll(async () => {
  server = await start();
});

const stream = (key: string) => SseProbe.connect({ url: server.url, key });

/** What each key is answered at the door of polls: the code of a refusal, or `ok`. */
function answers(...keys: CreatedKey[]): Promise<string[]> {
  return Promise.all(keys.map(async ({ key }) => (await knock('/sdk/poll', { url: server.url, key })).code ?? 'ok'));
}

async function untilGone(probe: SseProbe): Promise<void> {
  await expect(within(probe.closed, 20_000, 'the end of the stream')).resolves.toMatchObject({ by: 'server' });
  probe.assertInOrder();
}

describe('rotation', () => {
  it('leaves the old key and its streams alive for the grace period, and ends them after it', async () => {
    const old = await server.admin.createKey('production', 'server', { allowed_origins: ['https://app.example.com'] });
    const bystander = await stream((await server.admin.createKey('production')).key);
    const before = await stream(old.key);
    await before.waitForSync();

    const asked = Date.now();
    const renewed = await server.admin.rotateKey('production', old.id, 3);
    expect(renewed.id).not.toBe(old.id);
    expect(renewed).toMatchObject({ kind: 'server', allowed_origins: ['https://app.example.com'], expires_at: null });
    expect(await answers(old, renewed)).toEqual(['ok', 'ok']);
    const after = await stream(renewed.key);
    const late = await stream(old.key);
    await Promise.all([after.waitForSync(), late.waitForSync()]);
    const { cursors } = await server.admin.createFlag('while-both-are-good');
    await Promise.all([before, after, late].map((probe) => probe.waitForCursor(String(cursors['production']))));

    await Promise.all([untilGone(before), untilGone(late)]);
    expect(Date.now() - asked).toBeGreaterThanOrEqual(3000);
    for (const probe of [before, late]) expect(probe.goodbye).toEqual({ reason: 'key_expired', retry_after_ms: null });
    expect(await answers(old, renewed)).toEqual(['expired_key', 'ok']);
    expect([after.isOpen, bystander.isOpen]).toEqual([true, true]);
    await Promise.all([after.close(), bystander.close()]);
  });

  it('ends the old key at once where no grace is given', async () => {
    const old = await server.admin.createKey('production');
    const probe = await stream(old.key);
    await probe.waitForSync();
    const renewed = await server.admin.rotateKey('production', old.id, 0);
    await untilGone(probe);
    expect(probe.goodbye).toMatchObject({ retry_after_ms: null });
    expect(await answers(old, renewed)).toEqual(['expired_key', 'ok']);
  });

  it('does not bring a dead key back, nor let it outlive its own end', async () => {
    const dead = await server.admin.createKey('production');
    await server.admin.revokeKey('production', dead.id);
    const path = '/api/projects/default/environments/production/sdk-keys';
    const answer = await server.admin.request('POST', `${path}/${dead.id}/rotate`, { grace_seconds: 60 });
    expect([answer.status, answer.body]).toMatchObject([409, { code: 'key_is_dead' }]);

    const expires_at = new Date(Date.now() + 60_000).toISOString();
    const ending = await server.admin.createKey('production', 'server', { expires_at });
    expect(await server.admin.rotateKey('production', ending.id, 3600)).toMatchObject({ expires_at });
    const { body } = await server.admin.call<{ items: { id: string }[] }>('GET', `${path}?limit=100`);
    expect(body.items.find(({ id }) => id === ending.id)).toMatchObject({ expires_at });
  });

  it('finds no key of another environment', async () => {
    const { id } = await server.admin.createKey('staging');
    const path = `/api/projects/default/environments/production/sdk-keys/${id}`;
    expect((await server.admin.request('POST', `${path}/rotate`, {})).status).toBe(404);
    expect((await server.admin.request('DELETE', path)).status).toBe(404);
  });
});

describe('revocation', () => {
  it('ends the streams and long polls of the key, and of no other', async () => {
    const [doomed, spared] = [await server.admin.createKey('production'), await server.admin.createKey('production')];
    const mine = await Promise.all([stream(doomed.key), stream(doomed.key)]);
    const theirs = await Promise.all([stream(spared.key), stream(spared.key)]);
    await Promise.all([...mine, ...theirs].map((probe) => probe.waitForSync()));
    const waiting = httpRequest(`${server.url}/sdk/poll?since=${mine[0].cursor}&wait=55`, {
      headers: { 'X-API-Key': doomed.key },
      timeoutMs: 55_000,
    });
    await server.admin.revokeKey('production', doomed.id);
    await Promise.all(mine.map((probe) => untilGone(probe)));
    for (const probe of mine) expect(probe.goodbye).toEqual({ reason: 'key_revoked', retry_after_ms: null });
    expect(await answers(doomed, spared)).toEqual(['revoked_key', 'ok']);

    // A poll that had not begun to wait is refused at the door.
    const answer = await waiting;
    expect(answer.status).toBe(401);
    expect(['dead_key', 'revoked_key']).toContain((answer.json() as { code: string }).code);

    const { cursors } = await server.admin.createFlag('after-the-revocation');
    await Promise.all(theirs.map((probe) => probe.waitForCursor(String(cursors['production']))));
    for (const probe of theirs) probe.assertInOrder();
    await Promise.all(theirs.map((probe) => probe.close()));
  });
});
