import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { bearer, GuardedApp, PAGE } from './guarded-app.fake.js';

describe('pages of other origins', () => {
  const app = new GuardedApp();
  beforeAll(() => app.start());
  beforeAll(() => app.openDatabase());
  afterAll(() => app.stop());

  const preflight = (path: string, origin: string) =>
    app.call(path, { Origin: origin, 'Access-Control-Request-Method': 'GET' }, { method: 'OPTIONS' });

  it('answers a preflight by whether any live key lists the origin', async () => {
    await app.outcome('/sdk/poll', bearer((await app.key({ allowedOrigins: ['https://listed.example'] })).secret));
    const yes = await preflight('/sdk/poll', 'https://listed.example');
    expect([yes.status, yes.headers.get('access-control-allow-origin')]).toEqual([204, 'https://listed.example']);
    expect(yes.headers.get('access-control-allow-headers')).toBe(
      'Authorization, X-API-Key, If-None-Match, If-Modified-Since, Last-Event-ID, Content-Type',
    );
    expect(yes.headers.get('access-control-allow-credentials')).toBeNull();
    const no = await preflight('/ofrep/v1/evaluate/flags', 'https://other.example');
    expect([no.status, no.headers.get('access-control-allow-origin'), no.headers.get('vary')]).toEqual([204, null, 'Origin']);
  });

  it('lets a page read an answer where the key lists its origin', async () => {
    const { secret } = await app.key({ allowedOrigins: [PAGE] });
    const answer = await app.call('/sdk/poll', { ...bearer(secret), Origin: PAGE });
    expect(answer.status).toBe(200);
    expect(answer.headers.get('access-control-allow-origin')).toBe(PAGE);
    expect(answer.headers.get('access-control-expose-headers')).toBe(
      'ETag, Last-Modified, Retry-After, Flagwire-Cursor, Flagwire-Age-Ms',
    );
    expect(answer.headers.get('vary')).toContain('Origin');
  });

  it.each([
    ['a refusal', '/sdk/poll?env=production', {}],
    ['a route that is not there', '/sdk/nowhere', {}],
    ['a body that cannot be read', '/sdk/echo', { method: 'POST', body: '{"' }],
  ])('lets it read %s', async (_, path, init) => {
    const { secret } = await app.key({ allowedOrigins: [PAGE] });
    const answer = await app.call(path, { ...bearer(secret), Origin: PAGE, 'Content-Type': 'application/json' }, init);
    expect(answer.ok).toBe(false);
    expect(answer.headers.get('access-control-allow-origin')).toBe(PAGE);
  });

  it('refuses a server key from an origin that it does not list', async () => {
    const { secret } = await app.key();
    const answer = await app.call('/sdk/poll', { ...bearer(secret), Origin: PAGE });
    expect(answer.status).toBe(403);
    expect(answer.headers.get('access-control-allow-origin')).toBeNull();
  });

  it('takes a ticket for its key', async () => {
    const { secret } = await app.key({ allowedOrigins: [PAGE] });
    const { ticket } = (await (await app.call('/sdk/ticket', bearer(secret), { method: 'POST' })).json()) as { ticket: string };
    const answer = await app.call(`/sdk/stream?ticket=${ticket}`, { Origin: PAGE });
    expect([answer.status, answer.headers.get('access-control-allow-origin')]).toEqual([200, PAGE]);
    expect((await app.call(`/sdk/stream?ticket=${ticket}`, { Origin: 'https://other.example' })).status).toBe(403);
  });

  it('says of every answer that it depends on the origin', async () => {
    expect((await app.call('/sdk/poll')).headers.get('vary')).toBe('Origin');
    expect((await app.call('/open')).headers.get('vary')).toBeNull();
  });
});
