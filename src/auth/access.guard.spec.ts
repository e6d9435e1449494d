import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { bearer, GuardedApp, ROOT } from './guarded-app.fake.js';

describe('the guard in front of every route', () => {
  const app = new GuardedApp();
  beforeAll(() => app.start());
  beforeAll(() => app.openDatabase());
  afterAll(() => app.stop());

  it('refuses a route that does not say who may use it, whoever asks', async () => {
    expect(await app.outcome('/forgotten')).toBe('401 missing_credential');
    expect(await app.outcome('/forgotten', bearer(ROOT))).toBe('401 missing_credential');
  });

  it.each(['/metrics', '/api/whoami', '/api/projects/shop', '/sdk/poll', '/sdk/stream'])(
    'refuses %s without a credential',
    async (path) => {
      const answer = await app.call(path);
      expect([answer.status, answer.headers.get('www-authenticate')]).toEqual([401, 'Bearer']);
      expect((await app.call(path, {}, { method: 'HEAD' })).status).toBe(401);
    },
  );

  it('lets everybody into open routes', async () => {
    expect(await app.outcome('/open')).toBe('200');
  });

  it('lets any admin token read the metrics', async () => {
    const { secret } = await app.token({ role: 'viewer', projectId: 'p1' });
    expect(await app.outcome('/metrics', bearer(secret))).toBe('200');
    expect(await app.outcome('/metrics', bearer((await app.key()).secret))).toBe('401 wrong_credential_kind');
  });

  it('knows who asks', async () => {
    expect(await (await app.call('/api/whoami', bearer(ROOT))).json()).toEqual({ name: 'FLAGWIRE_ADMIN_TOKEN', role: 'admin' });
    const { secret } = await app.token({ name: 'bob', role: 'viewer' });
    expect(await (await app.call('/api/whoami', bearer(secret))).json()).toEqual({ name: 'bob', role: 'viewer' });
  });

  it('keeps tokens and keys apart', async () => {
    const { secret: sdk } = await app.key();
    const { secret: admin } = await app.token();
    expect(await app.outcome('/api/whoami', bearer(sdk))).toBe('401 wrong_credential_kind');
    expect(await app.outcome('/sdk/poll', bearer(admin))).toBe('401 wrong_credential_kind');
    expect(await app.outcome('/sdk/poll', bearer(ROOT))).toBe('401 wrong_credential_kind');
    expect(await app.outcome('/api/whoami', { 'X-API-Key': admin })).toBe('401 missing_credential');
  });

  it('refuses a token that is wrong, revoked or expired, at once', async () => {
    const { token: made, secret } = await app.token();
    expect(await app.outcome('/api/whoami', bearer(`${secret}x`))).toBe('401 malformed_token');
    expect(await app.outcome('/api/whoami', bearer(`${ROOT}x`))).toBe('401 malformed_token');
    expect(await app.outcome('/api/whoami', bearer(secret))).toBe('200');
    await app.revokeToken(made.id);
    expect(await app.outcome('/api/whoami', bearer(secret))).toBe('401 revoked_token');
    const { token: other, secret: expired } = await app.token({ expiresAt: '2999-01-01T00:00:00Z' });
    await app.sql(`UPDATE admin_token SET expires_at = '2020-01-01T00:00:00.000Z' WHERE id = '${other.id}'`);
    expect(await app.outcome('/api/whoami', bearer(expired))).toBe('401 expired_token');
  });

  it('keeps a token to its role, its project and its environments', async () => {
    const { secret } = await app.token({ role: 'editor', projectId: 'p1', environments: ['staging'] });
    const patch = { method: 'PATCH' };
    expect(await app.outcome('/api/projects/shop', bearer(secret))).toBe('200');
    expect(await app.outcome('/api/projects/shop/environments/staging', bearer(secret), patch)).toBe('200');
    expect(await app.outcome('/api/projects/shop/environments/production', bearer(secret), patch)).toBe('403 wrong_environment');
    expect(await app.outcome('/api/projects/bank', bearer(secret))).toBe('403 wrong_project');
    expect(await app.outcome('/api/whoami', bearer(secret))).toBe('403 wrong_project');
    const { secret: admin } = await app.token({ projectId: 'p1', role: 'editor' });
    expect(await app.outcome('/api/projects/shop', bearer(admin), { method: 'DELETE' })).toBe('403 insufficient_role');
  });

  it('forgets the tokens of a project that is deleted', async () => {
    await app.sql(`INSERT INTO project VALUES ('p3', 'gone', 'Gone', 't', 't')`);
    const { secret } = await app.token({ projectId: 'p3' });
    expect(await app.outcome('/api/projects/gone', bearer(secret))).toBe('200');
    await app.sql(`DELETE FROM project WHERE id = 'p3'`);
    expect(await app.outcome('/api/projects/gone', bearer(secret))).toBe('401 unknown_token');
  });

  it('refuses a token for environments that are not there', async () => {
    await expect(app.token({ projectId: 'p1', environments: ['staging', 'moon'] })).rejects.toMatchObject({
      mistakes: [{ path: 'environments[1]', message: '"moon" is not an environment of the project' }],
    });
    await expect(app.token({ environments: ['staging'] })).rejects.toMatchObject({ code: 'invalid_input' });
  });

  it('lists tokens with their project, without a secret or a hash', async () => {
    await app.token({ name: 'listed', projectId: 'p1' });
    const { items } = await app.tokens(null, 100);
    const listed = items.find(({ name }) => name === 'listed');
    expect(listed).toMatchObject({ project: 'shop', environments: null, role: 'admin' });
    expect(Object.keys(listed ?? {}).sort()).toEqual(
      [
        'created_at',
        'environments',
        'expires_at',
        'id',
        'last_used_at',
        'name',
        'prefix',
        'project',
        'revoked_at',
        'role',
      ].sort(),
    );
    const first = await app.tokens(null, 1);
    const second = await app.tokens(first.next, 100);
    expect([...first.items, ...second.items].map(({ id }) => id)).toEqual(items.map(({ id }) => id));
  });
});
