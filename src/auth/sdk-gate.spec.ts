import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { SystemRandom } from '../common/random.js';
import { bearer, GuardedApp, PAGE, ROOT } from './guarded-app.fake.js';
import { drawSecret } from './secret-format.js';

describe('the routes of /sdk, before the database is open', () => {
  const app = new GuardedApp();
  beforeAll(() => app.start());
  afterAll(() => app.stop());

  it('refuse a poll for now and let a stream say so itself', async () => {
    const { text } = drawSecret('server', new SystemRandom());
    expect(await app.outcome('/sdk/poll', { 'X-API-Key': text })).toBe('503 database_unavailable');
    const stream = await app.call(`/sdk/stream?key=${text}`, { Origin: PAGE });
    expect([stream.status, await stream.json()]).toEqual([200, { unchecked: 'overload' }]);
    expect(stream.headers.get('access-control-allow-origin')).toBe(PAGE);
    expect(await app.outcome('/sdk/stream?key=typo')).toBe('401 malformed_key');
    expect(await app.outcome('/api/whoami', bearer(ROOT))).toBe('200');
  });
});

describe('the routes of /sdk', () => {
  const app = new GuardedApp();
  beforeAll(() => app.start());
  beforeAll(() => app.openDatabase());
  afterAll(() => app.stop());

  it('notices a revoked key through the log', async () => {
    const { key: made, secret } = await app.key();
    expect(await app.outcome('/sdk/poll', { 'X-API-Key': secret })).toBe('200');
    await app.revokeKey(made.id);
    const deadline = Date.now() + 1000;
    while ((await app.outcome('/sdk/poll', { 'X-API-Key': secret })) === '200' && Date.now() < deadline);
    expect(await app.outcome('/sdk/poll', { 'X-API-Key': secret })).toBe('401 revoked_key');
  });

  it('refuses a key for another environment than env names', async () => {
    const { secret } = await app.key();
    expect(await app.outcome(`/sdk/poll?key=${secret}&env=staging`)).toBe('200');
    expect(await app.outcome(`/sdk/poll?key=${secret}&env=production`)).toBe('403 wrong_environment');
    expect(await app.outcome(`/sdk/poll?key=${secret}&env=`)).toBe('200');
  });

  it('refuses two credentials, and takes an empty one for none', async () => {
    const { secret } = await app.key();
    const { secret: other } = await app.key();
    expect(await app.outcome(`/sdk/poll?key=${secret}`, { 'X-API-Key': other })).toBe('400 invalid_input');
    expect(await app.outcome(`/sdk/poll?key=${secret}&key=${other}`)).toBe('400 invalid_input');
    expect(await app.outcome(`/sdk/poll?key=&ticket=`, { 'X-API-Key': secret })).toBe('200');
  });

  it('shows client keys another door', async () => {
    const { secret } = await app.key({ kind: 'client' });
    expect(await app.outcome('/sdk/poll', bearer(secret))).toBe('403 client_key_forbidden');
    expect(await app.outcome('/sdk/stream', bearer(secret))).toBe('403 client_key_forbidden');
  });

  describe('tickets', () => {
    const make = (secret: string, body: unknown = {}) =>
      app.call(
        '/sdk/ticket',
        { ...bearer(secret), 'Content-Type': 'application/json' },
        { method: 'POST', body: JSON.stringify(body) },
      );

    it('open streams and nothing else', async () => {
      const { secret } = await app.key();
      const answer = await make(secret, { flags: ['b.*', 'a'] });
      const { ticket, expires_in } = (await answer.json()) as { ticket: string; expires_in: number };
      expect([answer.status, expires_in]).toEqual([200, 3600]);
      expect(await (await app.call(`/sdk/stream?ticket=${ticket}`)).json()).toEqual({ filter: 'a,b.*' });
      expect(await app.outcome(`/sdk/poll?ticket=${ticket}`)).toBe('401 ticket_not_accepted');
      expect(await app.outcome('/sdk/poll', bearer(ticket))).toBe('401 wrong_credential_kind');
      expect(await app.outcome('/api/whoami', bearer(ticket))).toBe('401 wrong_credential_kind');
      expect(await app.outcome(`/sdk/ticket?ticket=${ticket}`, {}, { method: 'POST' })).toBe('401 ticket_not_accepted');
    });

    it('are made without a body, too', async () => {
      const { secret } = await app.key();
      expect(await app.outcome('/sdk/ticket', bearer(secret), { method: 'POST' })).toBe('200');
    });

    it('need a key in a header', async () => {
      const { secret } = await app.key();
      expect(await app.outcome(`/sdk/ticket?key=${secret}`, {}, { method: 'POST' })).toBe('400 invalid_input');
      expect(await app.outcome('/sdk/ticket', {}, { method: 'POST' })).toBe('401 missing_credential');
    });

    it.each([[[]], [['a b']], ['a'], [[1]]])('need a filter that can be read (%j)', async (flags) => {
      const { secret } = await app.key();
      expect((await make(secret, { flags })).status).toBe(400);
    });

    it('are so many a minute for one key', async () => {
      const { secret } = await app.key();
      for (let count = 0; count < 3; count++) expect((await make(secret)).status).toBe(200);
      const answer = await make(secret);
      expect(answer.status).toBe(429);
      expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(50);
      expect((await make((await app.key()).secret)).status).toBe(200);
    });
  });
});
