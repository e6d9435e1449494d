import { mkdtempSync, rmSync } from 'node:fs';
import { type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Controller, Delete, Get, Module, Patch, Post } from '@nestjs/common';
import { type NestExpressApplication } from '@nestjs/platform-express';
import { Test } from '@nestjs/testing';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ChangeFeed } from '../changes/change-feed.js';
import { MetricsAccess, Open } from '../common/access.js';
import { CommonModule } from '../common/common.module.js';
import { CrossOrigin } from '../common/cross-origin.js';
import { ProblemFilter } from '../common/problem.filter.js';
import { RequestPipe } from '../common/validation.js';
import { Config, readConfig } from '../config/config.js';
import { ConfigModule } from '../config/config.module.js';
import { Database } from '../database/database.js';
import { DatabaseModule } from '../database/database.module.js';
import { DatabaseStart } from '../database/database-start.js';
import { AdminAccess, SdkAccess } from './access.decorator.js';
import { AdminTokens, type NewAdminToken } from './admin-tokens.js';
import { AuthModule } from './auth.module.js';
import { Actor, Sdk } from './principal.decorator.js';
import { type AdminPrincipal, type KeyUnchecked, type SdkPrincipal } from './principal.js';
import { type NewSdkKey, SdkKeys } from './sdk-keys.js';

const ROOT = 'r'.repeat(32);
const PAGE = 'https://app.example';

@Controller()
class Routes {
  @Get('forgotten')
  forgotten(): string {
    return 'reached';
  }

  @Open()
  @Get('open')
  open(): string {
    return 'reached';
  }

  @MetricsAccess()
  @Get('metrics')
  metrics(): string {
    return 'reached';
  }

  @AdminAccess('viewer')
  @Get('api/whoami')
  whoAmI(@Actor() { name, role }: AdminPrincipal): object {
    return { name, role };
  }

  @AdminAccess('viewer')
  @Get('api/projects/:project')
  project(): string {
    return 'reached';
  }

  @AdminAccess('admin')
  @Delete('api/projects/:project')
  deleteProject(): string {
    return 'reached';
  }

  @AdminAccess('editor')
  @Patch('api/projects/:project/environments/:env')
  environment(): string {
    return 'reached';
  }

  @SdkAccess({ tickets: false })
  @Get('sdk/poll')
  poll(@Sdk() principal: SdkPrincipal): object {
    return { environmentId: principal.environmentId };
  }

  @SdkAccess({ tickets: true, streaming: true })
  @Get('sdk/stream')
  stream(@Sdk() principal: SdkPrincipal | KeyUnchecked): object {
    return 'unchecked' in principal ? principal : { filter: principal.filter?.canonical ?? null };
  }

  @Open()
  @Post('sdk/echo')
  echo(): string {
    return 'reached';
  }
}

@Module({ controllers: [Routes] })
class RoutesModule {}

type Call = [path: string, headers?: Record<string, string>, init?: RequestInit];

describe('the guard in front of every route', () => {
  let app: NestExpressApplication;
  let base: string;
  let folder: string;

  const call = (...[path, headers = {}, init = {}]: Call) => fetch(base + path, { ...init, headers });
  /** Status and code. */
  async function outcome(...args: Call): Promise<string> {
    const answer = await call(...args);
    const text = await answer.text();
    return answer.ok ? String(answer.status) : `${answer.status} ${(JSON.parse(text) as { code: string }).code}`;
  }
  const bearer = (token: string) => ({ Authorization: `Bearer ${token}` });

  function token(wanted: Partial<NewAdminToken> = {}) {
    const whole: NewAdminToken = { name: 'ann', role: 'admin', projectId: null, environments: null, expiresAt: null, ...wanted };
    return app.get(Database).write((manager) => app.get(AdminTokens).create(manager, whole));
  }

  function key(wanted: Partial<NewSdkKey> = {}, environment = 'e1') {
    const whole: NewSdkKey = { name: 'k', kind: 'server', expiresAt: null, allowedOrigins: [], ...wanted };
    return app.get(Database).write((manager) => app.get(SdkKeys).create(manager, environment, whole));
  }

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'flagwire-guard-'));
    const settings = {
      DATABASE_URL: `sqlite:${join(folder, 'test.db')}`,
      FLAGWIRE_ADMIN_TOKEN: ROOT,
      FLAGWIRE_TICKETS_PER_MINUTE: '3',
    };
    const testing = await Test.createTestingModule({
      imports: [ConfigModule, CommonModule, DatabaseModule, AuthModule, RoutesModule],
    })
      .overrideProvider(Config)
      .useValue(readConfig(settings))
      .compile();
    app = testing.createNestApplication<NestExpressApplication>({
      logger: false,
      bodyParser: false,
      forceCloseConnections: true,
    });
    app.use(app.get<CrossOrigin>(CrossOrigin).handle);
    app.useBodyParser('json', { limit: 1000 });
    app.useGlobalPipes(new RequestPipe());
    app.useGlobalFilters(new ProblemFilter());
    await app.listen(0, '127.0.0.1');
    base = `http://127.0.0.1:${(app.getHttpServer().address() as AddressInfo).port}`;
  });

  afterAll(async () => {
    await app.close();
    rmSync(folder, { recursive: true });
  });

  it('before the database is open, refuses a poll for now and lets a stream say so itself', async () => {
    const { drawSecret } = await import('./secret-format.js');
    const { SystemRandom } = await import('../common/random.js');
    const { text } = drawSecret('server', new SystemRandom());
    expect(await outcome('/sdk/poll', { 'X-API-Key': text })).toBe('503 database_unavailable');
    const stream = await call(`/sdk/stream?key=${text}`, { Origin: PAGE });
    expect([stream.status, await stream.json()]).toEqual([200, { unchecked: 'overload' }]);
    expect(stream.headers.get('access-control-allow-origin')).toBe(PAGE);
    expect(await outcome('/sdk/stream?key=typo')).toBe('401 malformed_key');
    expect(await outcome('/api/whoami', bearer(ROOT))).toBe('200');
  });

  describe('with its database', () => {
    beforeAll(async () => {
      await app.get(DatabaseStart).opened();
      await app.get(Database).write(async (manager) => {
        await manager.query(`INSERT INTO project VALUES ('p1', 'shop', 'Shop', 't', 't'), ('p2', 'bank', 'Bank', 't', 't')`);
        for (const [id, name] of [
          ['e1', 'staging'],
          ['e2', 'production'],
        ] as const) {
          await manager.query(`INSERT INTO environment VALUES ('${id}', 'p1', '${name}', '${name}', 't', 't')`);
          await manager.query(`INSERT INTO environment_head VALUES ('${id}', 'aaaaaaaa', 0, 'bbbbbb', 't', 'bbbbbb', 't', 0)`);
        }
      });
      app.get(ChangeFeed).start();
      await app.get(ChangeFeed).catchUp();
    });

    it('refuses a route that does not say who may use it, whoever asks', async () => {
      expect(await outcome('/forgotten')).toBe('401 missing_credential');
      expect(await outcome('/forgotten', bearer(ROOT))).toBe('401 missing_credential');
    });

    it.each(['/metrics', '/api/whoami', '/api/projects/shop', '/sdk/poll', '/sdk/stream'])(
      'refuses %s without a credential',
      async (path) => {
        const answer = await call(path);
        expect([answer.status, answer.headers.get('www-authenticate')]).toEqual([401, 'Bearer']);
        expect((await call(path, {}, { method: 'HEAD' })).status).toBe(401);
      },
    );

    it('lets everybody into open routes', async () => {
      expect(await outcome('/open')).toBe('200');
    });

    it('lets any admin token read the metrics', async () => {
      const { secret } = await token({ role: 'viewer', projectId: 'p1' });
      expect(await outcome('/metrics', bearer(secret))).toBe('200');
      expect(await outcome('/metrics', bearer((await key()).secret))).toBe('401 wrong_credential_kind');
    });

    it('knows who asks', async () => {
      expect(await (await call('/api/whoami', bearer(ROOT))).json()).toEqual({ name: 'FLAGWIRE_ADMIN_TOKEN', role: 'admin' });
      const { secret } = await token({ name: 'bob', role: 'viewer' });
      expect(await (await call('/api/whoami', bearer(secret))).json()).toEqual({ name: 'bob', role: 'viewer' });
    });

    it('keeps tokens and keys apart', async () => {
      const { secret: sdk } = await key();
      const { secret: admin } = await token();
      expect(await outcome('/api/whoami', bearer(sdk))).toBe('401 wrong_credential_kind');
      expect(await outcome('/sdk/poll', bearer(admin))).toBe('401 wrong_credential_kind');
      expect(await outcome('/sdk/poll', bearer(ROOT))).toBe('401 wrong_credential_kind');
      expect(await outcome('/api/whoami', { 'X-API-Key': admin })).toBe('401 missing_credential');
    });

    it('refuses a token that is wrong, revoked or expired, at once', async () => {
      const { token: made, secret } = await token();
      expect(await outcome('/api/whoami', bearer(`${secret}x`))).toBe('401 malformed_token');
      expect(await outcome('/api/whoami', bearer(`${ROOT}x`))).toBe('401 malformed_token');
      expect(await outcome('/api/whoami', bearer(secret))).toBe('200');
      await app.get(Database).write((manager) => app.get(AdminTokens).revoke(manager, made.id));
      expect(await outcome('/api/whoami', bearer(secret))).toBe('401 revoked_token');
      const { token: other, secret: expired } = await token({ expiresAt: '2999-01-01T00:00:00Z' });
      await app
        .get(Database)
        .write((manager) =>
          manager.query(`UPDATE admin_token SET expires_at = '2020-01-01T00:00:00.000Z' WHERE id = '${other.id}'`),
        );
      expect(await outcome('/api/whoami', bearer(expired))).toBe('401 expired_token');
    });

    it('keeps a token to its role, its project and its environments', async () => {
      const { secret } = await token({ role: 'editor', projectId: 'p1', environments: ['staging'] });
      const patch = { method: 'PATCH' };
      expect(await outcome('/api/projects/shop', bearer(secret))).toBe('200');
      expect(await outcome('/api/projects/shop/environments/staging', bearer(secret), patch)).toBe('200');
      expect(await outcome('/api/projects/shop/environments/production', bearer(secret), patch)).toBe('403 wrong_environment');
      expect(await outcome('/api/projects/bank', bearer(secret))).toBe('403 wrong_project');
      expect(await outcome('/api/whoami', bearer(secret))).toBe('403 wrong_project');
      const { secret: admin } = await token({ projectId: 'p1', role: 'editor' });
      expect(await outcome('/api/projects/shop', bearer(admin), { method: 'DELETE' })).toBe('403 insufficient_role');
    });

    it('forgets the tokens of a project that is deleted', async () => {
      await app.get(Database).write((manager) => manager.query(`INSERT INTO project VALUES ('p3', 'gone', 'Gone', 't', 't')`));
      const { secret } = await token({ projectId: 'p3' });
      expect(await outcome('/api/projects/gone', bearer(secret))).toBe('200');
      await app.get(Database).write((manager) => manager.query(`DELETE FROM project WHERE id = 'p3'`));
      expect(await outcome('/api/projects/gone', bearer(secret))).toBe('401 unknown_token');
    });

    it('refuses a token for environments that are not there', async () => {
      await expect(token({ projectId: 'p1', environments: ['staging', 'moon'] })).rejects.toMatchObject({
        mistakes: [{ path: 'environments[1]', message: '"moon" is not an environment of the project' }],
      });
      await expect(token({ environments: ['staging'] })).rejects.toMatchObject({ code: 'invalid_input' });
    });

    it('lists tokens with their project, without a secret or a hash', async () => {
      await token({ name: 'listed', projectId: 'p1' });
      const { items } = await app.get(AdminTokens).list(null, 100);
      const listed = items.find(({ name }) => name === 'listed');
      expect(listed).toMatchObject({ project: 'shop', environments: null, role: 'admin' });
      expect(Object.keys(listed ?? {}).sort()).toEqual(
        ['created_at', 'environments', 'expires_at', 'id', 'name', 'prefix', 'project', 'revoked_at', 'role'].sort(),
      );
      const first = await app.get(AdminTokens).list(null, 1);
      const second = await app.get(AdminTokens).list(first.next, 100);
      expect([...first.items, ...second.items].map(({ id }) => id)).toEqual(items.map(({ id }) => id));
    });

    it('notices a revoked key through the log', async () => {
      const { key: made, secret } = await key();
      expect(await outcome('/sdk/poll', { 'X-API-Key': secret })).toBe('200');
      await app.get(Database).write((manager) => app.get(SdkKeys).revoke(manager, 'e1', made.id));
      const deadline = Date.now() + 1000;
      while ((await outcome('/sdk/poll', { 'X-API-Key': secret })) === '200' && Date.now() < deadline);
      expect(await outcome('/sdk/poll', { 'X-API-Key': secret })).toBe('401 revoked_key');
    });

    it('refuses a key for another environment than env names', async () => {
      const { secret } = await key();
      expect(await outcome(`/sdk/poll?key=${secret}&env=staging`)).toBe('200');
      expect(await outcome(`/sdk/poll?key=${secret}&env=production`)).toBe('403 wrong_environment');
      expect(await outcome(`/sdk/poll?key=${secret}&env=`)).toBe('200');
    });

    it('refuses two credentials, and takes an empty one for none', async () => {
      const { secret } = await key();
      const { secret: other } = await key();
      expect(await outcome(`/sdk/poll?key=${secret}`, { 'X-API-Key': other })).toBe('400 invalid_input');
      expect(await outcome(`/sdk/poll?key=${secret}&key=${other}`)).toBe('400 invalid_input');
      expect(await outcome(`/sdk/poll?key=&ticket=`, { 'X-API-Key': secret })).toBe('200');
    });

    it('shows client keys another door', async () => {
      const { secret } = await key({ kind: 'client' });
      expect(await outcome('/sdk/poll', bearer(secret))).toBe('403 client_key_forbidden');
      expect(await outcome('/sdk/stream', bearer(secret))).toBe('403 client_key_forbidden');
    });

    describe('tickets', () => {
      const make = (secret: string, body: unknown = {}) =>
        call(
          '/sdk/ticket',
          { ...bearer(secret), 'Content-Type': 'application/json' },
          { method: 'POST', body: JSON.stringify(body) },
        );

      it('open streams and nothing else', async () => {
        const { secret } = await key();
        const answer = await make(secret, { flags: ['b.*', 'a'] });
        const { ticket, expires_in } = (await answer.json()) as { ticket: string; expires_in: number };
        expect([answer.status, expires_in]).toEqual([200, 3600]);
        expect(await (await call(`/sdk/stream?ticket=${ticket}`)).json()).toEqual({ filter: 'a,b.*' });
        expect(await outcome(`/sdk/poll?ticket=${ticket}`)).toBe('401 ticket_not_accepted');
        expect(await outcome('/sdk/poll', bearer(ticket))).toBe('401 wrong_credential_kind');
        expect(await outcome('/api/whoami', bearer(ticket))).toBe('401 wrong_credential_kind');
        expect(await outcome(`/sdk/ticket?ticket=${ticket}`, {}, { method: 'POST' })).toBe('401 ticket_not_accepted');
      });

      it('are made without a body, too', async () => {
        const { secret } = await key();
        expect(await outcome('/sdk/ticket', bearer(secret), { method: 'POST' })).toBe('200');
      });

      it('need a key in a header', async () => {
        const { secret } = await key();
        expect(await outcome(`/sdk/ticket?key=${secret}`, {}, { method: 'POST' })).toBe('400 invalid_input');
        expect(await outcome('/sdk/ticket', {}, { method: 'POST' })).toBe('401 missing_credential');
      });

      it.each([[[]], [['a b']], ['a'], [[1]]])('need a filter that can be read (%j)', async (flags) => {
        const { secret } = await key();
        expect((await make(secret, { flags })).status).toBe(400);
      });

      it('are so many a minute for one key', async () => {
        const { secret } = await key();
        for (let count = 0; count < 3; count++) expect((await make(secret)).status).toBe(200);
        const answer = await make(secret);
        expect(answer.status).toBe(429);
        expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(50);
        expect((await make((await key()).secret)).status).toBe(200);
      });
    });

    describe('for pages of other origins', () => {
      const preflight = (path: string, origin: string) =>
        call(path, { Origin: origin, 'Access-Control-Request-Method': 'GET' }, { method: 'OPTIONS' });

      it('answers a preflight by whether any live key lists the origin', async () => {
        await outcome('/sdk/poll', bearer((await key({ allowedOrigins: ['https://listed.example'] })).secret));
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
        const { secret } = await key({ allowedOrigins: [PAGE] });
        const answer = await call('/sdk/poll', { ...bearer(secret), Origin: PAGE });
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
        const { secret } = await key({ allowedOrigins: [PAGE] });
        const answer = await call(path, { ...bearer(secret), Origin: PAGE, 'Content-Type': 'application/json' }, init);
        expect(answer.ok).toBe(false);
        expect(answer.headers.get('access-control-allow-origin')).toBe(PAGE);
      });

      it('refuses a server key from an origin that it does not list', async () => {
        const { secret } = await key();
        const answer = await call('/sdk/poll', { ...bearer(secret), Origin: PAGE });
        expect(answer.status).toBe(403);
        expect(answer.headers.get('access-control-allow-origin')).toBeNull();
      });

      it('takes a ticket for its key', async () => {
        const { secret } = await key({ allowedOrigins: [PAGE] });
        const { ticket } = (await (await call('/sdk/ticket', bearer(secret), { method: 'POST' })).json()) as { ticket: string };
        const answer = await call(`/sdk/stream?ticket=${ticket}`, { Origin: PAGE });
        expect([answer.status, answer.headers.get('access-control-allow-origin')]).toEqual([200, PAGE]);
        expect((await call(`/sdk/stream?ticket=${ticket}`, { Origin: 'https://other.example' })).status).toBe(403);
      });

      it('says of every answer that it depends on the origin', async () => {
        expect((await call('/sdk/poll')).headers.get('vary')).toBe('Origin');
        expect((await call('/open')).headers.get('vary')).toBeNull();
      });
    });
  });
});
