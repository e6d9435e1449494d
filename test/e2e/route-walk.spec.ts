import 'reflect-metadata';
import { mkdtempSync, rmSync } from 'node:fs';
import { type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { All, Controller, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { type NestExpressApplication } from '@nestjs/platform-express';
import { AppModule } from '../../src/app.module.js';
import { Config } from '../../src/config/config.js';
import { DatabaseStart } from '../../src/database/database-start.js';
import { configureHttp } from '../../src/http.js';
import { AdminClient } from '../support/admin-client.js';
import { openResponse, type HttpRequestOptions } from '../support/http-request.js';
import { ADMIN_TOKEN, type TestServer } from '../support/server.js';
import { cleanEnvironment } from '../support/server-process.js';
import { useServers } from '../support/use-servers.js';
import { isOfSdks } from './support/route-lines.js';

/** Open without a credential, says the design; `/docs/…` are the page's own parts. Preflights have tests of their own. */
const OPEN = ['/health/live', '/health/ready', '/docs', '/docs-json'];
const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'QUERY', 'PROPFIND'];
/**
 * What stands before the routes (the request's context, its figures, security headers, CORS, and the page's files) and behind them
 * (404s and errors).
 */
const NOT_ROUTES = [
  '<anonymous>',
  '<anonymous>',
  '<anonymous>',
  '<anonymous>',
  'helmetMiddleware',
  'helmetMiddleware',
  'requireHost',
  '<anonymous>',
  'serveStatic',
  '<anonymous>',
  '<anonymous>',
];

/** Somebody forgot to say who may use these. */
@Controller('forgotten')
class ForgottenController {
  @All()
  root(): string {
    return 'reached';
  }

  @All('api/:project')
  nested(): string {
    return 'reached';
  }
}

@Module({ imports: [AppModule], controllers: [ForgottenController] })
class ExtendedModule {}

interface Route {
  method: string;
  path: string;
}

interface Layer {
  name: string;
  route?: { path: string; methods: Record<string, boolean> };
}

const start = useServers();
let server: TestServer;
let app: NestExpressApplication;
let appUrl: string;
let folder: string;
let layers: Layer[];

beforeAll(async () => {
  server = await start();
  await server.admin.createFlag('walked');
  folder = mkdtempSync(join(tmpdir(), 'flagwire-walk-'));
  const settings = { DATABASE_URL: `sqlite:${join(folder, 'walk.db')}`, FLAGWIRE_ADMIN_TOKEN: ADMIN_TOKEN };
  jest.replaceProperty(process, 'env', cleanEnvironment(settings));
  const options = { logger: false, abortOnError: false, bodyParser: false, forceCloseConnections: true } as const;
  app = await NestFactory.create<NestExpressApplication>(ExtendedModule, options);
  configureHttp(app, app.get(Config));
  await app.listen(0, '127.0.0.1');
  await app.get(DatabaseStart).opened();
  appUrl = `http://127.0.0.1:${(app.getHttpServer().address() as AddressInfo).port}`;
  layers = app.getHttpAdapter().getInstance().router.stack as unknown as Layer[];
});

afterAll(async () => {
  await app.close();
  rmSync(folder, { recursive: true });
});

function isOpen(path: string): boolean {
  return OPEN.includes(path) || path.startsWith('/docs/');
}

/** As the router has them, whatever the OpenAPI document says; without those of this file. */
function routed(): Route[] {
  const all = layers.flatMap(({ route }) =>
    Object.keys(route?.methods ?? {}).map((method) => ({ method: method.toUpperCase(), path: route?.path ?? '' })),
  );
  return all.filter(({ path }) => !path.startsWith('/forgotten'));
}

/** As the built server documents them, with `:name` for `{name}`. */
async function documented(): Promise<Route[]> {
  const { body } = await server.admin.as(null).call<{ paths: Record<string, object> }>('GET', '/docs-json');
  return Object.entries(body.paths).flatMap(([path, methods]) =>
    Object.keys(methods).map((method) => ({ method: method.toUpperCase(), path: path.replace(/\{(\w+)\}/g, ':$1') })),
  );
}

const VALUES: Record<string, string> = { project: 'default', env: 'production', flag: 'walked' };

function filledIn(path: string): string {
  return path.replace(/:(\w+)/g, (_, name: string) => VALUES[name] ?? 'c0ffee00-0000-4000-8000-000000000000');
}

/** The status by the head alone: what answers with a stream has let somebody in, and never ends. */
async function statusOf(url: string, { method, path }: Route, options: HttpRequestOptions = {}): Promise<number> {
  const signal = AbortSignal.timeout(20_000);
  const response = await openResponse(url + filledIn(path), { ...options, method, signal });
  response.destroy();
  return response.statusCode ?? 0;
}

/** One line for each route that is answered otherwise than by `status`. */
async function strays(url: string, routes: readonly Route[], status: number, options?: HttpRequestOptions): Promise<string[]> {
  const found: string[] = [];
  for (const route of routes) {
    const answered = await statusOf(url, route, options);
    if (answered !== status) found.push(`${route.method} ${route.path}: ${answered}`);
  }
  return found;
}

const bearer = (token: string) => ({ headers: { Authorization: `Bearer ${token}` } });

describe('the routes', () => {
  it('are all in the OpenAPI document, and what is in it is a route', async () => {
    const names = (routes: Route[]) => routes.map(({ method, path }) => `${method} ${path}`).sort();
    const own = routed().filter(({ path }) => !path.startsWith('/docs'));
    expect(own.length).toBeGreaterThan(25);
    expect(names(own)).toEqual(names(await documented()));
  });

  it('are all that answers: nothing else stands in the router that could', () => {
    expect(layers.filter(({ route }) => route === undefined).map(({ name }) => name)).toEqual(NOT_ROUTES);
  });
});

describe('without a credential', () => {
  it('every route but the open ones answers 401, on the server and on one put together here', async () => {
    const closed = [...routed(), ...(await documented())].filter(({ path }) => !isOpen(path));
    expect(await strays(appUrl, closed, 401)).toEqual([]);
    expect(await strays(server.url, closed, 401)).toEqual([]);
    const spelled = closed.map(({ method, path }) => ({ method, path: `${path.toUpperCase()}/` }));
    // Letters and a slash at the end make no other door: the same refusal, or no such route.
    const answers = await Promise.all(spelled.map((route) => statusOf(server.url, route)));
    expect(answers.filter((status) => status !== 401 && status !== 404)).toEqual([]);
  });

  it('no method of any path answers anything but 401 or "no such route"', async () => {
    const paths = [...new Set(routed().map(({ path }) => path))].filter((path) => !isOpen(path));
    const found: string[] = [];
    for (const path of paths) {
      for (const method of METHODS) {
        const status = await statusOf(appUrl, { method, path });
        if (status !== 401 && status !== 404) found.push(`${method} ${path}: ${status}`);
      }
    }
    expect(found).toEqual([]);
  });

  it('a controller that does not say who may use it is closed to everybody, whatever they hold', async () => {
    const forgotten = METHODS.flatMap((method) => ['/forgotten', '/forgotten/api/x'].map((path) => ({ method, path })));
    expect(await strays(appUrl, forgotten, 401)).toEqual([]);
    expect(await strays(appUrl, forgotten, 401, bearer(ADMIN_TOKEN))).toEqual([]);
  });

  it('the open ones answer', async () => {
    const open = OPEN.map((path) => ({ method: 'GET', path }));
    expect(await strays(server.url, open, 200)).toEqual([]);
  });
});

describe('with a credential of the wrong kind', () => {
  let api: Route[];
  let sdk: Route[];
  let root: AdminClient;
  beforeAll(async () => {
    const closed = (await documented()).filter(({ path }) => !isOpen(path));
    sdk = closed.filter(({ path }) => isOfSdks(path));
    api = closed.filter(({ path }) => path.startsWith('/api') || path === '/metrics');
    root = server.admin;
  });

  it('there is no third kind of route', async () => {
    const closed = (await documented()).filter(({ path }) => !isOpen(path));
    expect(sdk.length + api.length).toBe(closed.length);
  });

  it('no route under /api opens to an SDK key, a ticket, or a token in the wrong place', async () => {
    const { key } = await root.createKey('production');
    const { key: client } = await root.createKey('production', 'client');
    const made = await root.as(key).call<{ ticket: string }>('POST', '/sdk/ticket', {});
    for (const wrong of [key, client, made.body.ticket]) expect(await strays(server.url, api, 401, bearer(wrong))).toEqual([]);
    const elsewhere = { headers: { 'X-API-Key': ADMIN_TOKEN, Cookie: `token=${ADMIN_TOKEN}` } };
    expect(await strays(server.url, api, 401, elsewhere)).toEqual([]);
    const basic = Buffer.from(`admin:${ADMIN_TOKEN}`).toString('base64');
    expect(await strays(server.url, api, 401, { headers: { Authorization: `Basic ${basic}` } })).toEqual([]);
  });

  it('no route at all opens to nonsense, or to a token and a key that another server made', async () => {
    const other = await start();
    const { token } = await other.admin.createToken('admin');
    const { key } = await other.admin.createKey('production');
    await other.dispose();
    for (const wrong of ['nonsense', `${ADMIN_TOKEN}x`, ADMIN_TOKEN.slice(0, -1), token, key]) {
      expect(await strays(server.url, [...api, ...sdk], 401, bearer(wrong))).toEqual([]);
    }
  });

  it('no route of the SDKs opens to an admin token', async () => {
    const { token } = await root.createToken('admin');
    for (const admin of [ADMIN_TOKEN, token]) {
      expect(await strays(server.url, sdk, 401, bearer(admin))).toEqual([]);
      expect(await strays(server.url, sdk, 401, { headers: { 'X-API-Key': admin } })).toEqual([]);
      // A ticket, and a document of flagd, are asked for with a key in a header: there, a query is refused whatever stands in it.
      const reads = sdk
        .filter(({ method, path }) => method === 'GET' && !path.startsWith('/flagd/'))
        .map((route) => ({ ...route, path: `${route.path}?key=${admin}` }));
      expect(await strays(server.url, reads, 401)).toEqual([]);
    }
  });

  it('a viewer gets 403 on every route that writes, and has written nothing', async () => {
    const viewer = root.as((await root.createToken('viewer')).token);
    const everything = async () => {
      const paths = ['/projects', '/projects/default/environments', '/projects/default/flags', '/tokens?limit=100'];
      const keys = '/projects/default/environments/production/sdk-keys';
      const bodies = await Promise.all([...paths, keys].map(async (path) => (await root.call('GET', `/api${path}`)).body));
      // That a credential was used, and refused, is the one thing that may show.
      return JSON.stringify(bodies).replaceAll(/"last_used_at":("[^"]*"|null)/g, '"last_used_at":"…"');
    };
    const before = await everything();
    const writing = api.filter(({ method }) => method !== 'GET');
    expect(writing.length).toBeGreaterThan(15);
    expect(await strays(server.url, writing, 403, bearer(viewer.token ?? ''))).toEqual([]);
    expect(await everything()).toEqual(before);
  });
});
