import 'reflect-metadata';
import { mkdtempSync, rmSync } from 'node:fs';
import { type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { RouteParamtypes } from '@nestjs/common/enums/route-paramtypes.enum.js';
import { ROUTE_ARGS_METADATA } from '@nestjs/common/constants.js';
import { ModulesContainer, NestFactory } from '@nestjs/core';
import { type NestExpressApplication } from '@nestjs/platform-express';
import { getMetadataStorage } from 'class-validator';
import { AppModule } from '../../src/app.module.js';
import { ChangeFeed } from '../../src/changes/change-feed.js';
import { Config } from '../../src/config/config.js';
import { DatabaseStart } from '../../src/database/database-start.js';
import { FirstStart } from '../../src/flags/first-start.js';
import { configureHttp } from '../../src/http.js';
import { AdminClient } from '../support/admin-client.js';
import { EtagPoller } from '../support/poll-client.js';
import { ADMIN_TOKEN } from '../support/server.js';
import { cleanEnvironment } from '../support/server-process.js';

let app: NestExpressApplication;
let folder: string;

/** In this process, from source: an `import type` of an injected class compiles and shows only here and in the built server. */
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'flagwire-app-'));
  const settings = { DATABASE_URL: `sqlite:${join(folder, 'app.db')}`, FLAGWIRE_ADMIN_TOKEN: ADMIN_TOKEN };
  jest.replaceProperty(process, 'env', cleanEnvironment(settings));
  const options = { logger: false, abortOnError: false, bodyParser: false, forceCloseConnections: true } as const;
  app = await NestFactory.create<NestExpressApplication>(AppModule, options);
  configureHttp(app, app.get(Config));
  await app.listen(0, '127.0.0.1');
  await app.get(DatabaseStart).opened();
  await app.get(FirstStart).run(false);
  app.get(ChangeFeed).start();
  await app.get(ChangeFeed).catchUp();
});

afterAll(async () => {
  await app.close();
  rmSync(folder, { recursive: true });
});

type Constructor = new (...args: unknown[]) => object;

function classesOf(kind: 'controllers' | 'providers'): Constructor[] {
  const modules = [...app.get(ModulesContainer).values()];
  const found = modules.flatMap((module) => [...module[kind].values()].map(({ metatype }) => metatype));
  return [...new Set(found)].filter((metatype): metatype is Constructor => typeof metatype === 'function');
}

interface TakenWhole {
  route: string;
  type: unknown;
}

/** Each parameter that is a whole body or a whole query, and the type that the validation has of it. */
function takenWhole(controller: Constructor): TakenWhole[] {
  const prototype = controller.prototype as object;
  return Object.getOwnPropertyNames(prototype).flatMap((name) => {
    const args = (Reflect.getMetadata(ROUTE_ARGS_METADATA, controller, name) ?? {}) as Record<string, { data?: unknown }>;
    const types = (Reflect.getMetadata('design:paramtypes', prototype, name) ?? []) as unknown[];
    return Object.entries(args).flatMap(([key, { data }]) => {
      const [kind, index] = key.split(':').map(Number);
      const isWhole = data === undefined && (kind === Number(RouteParamtypes.BODY) || kind === Number(RouteParamtypes.QUERY));
      return isWhole ? [{ route: `${controller.name}.${name}`, type: types[index ?? NaN] }] : [];
    });
  });
}

function hasRules(type: unknown): boolean {
  if (typeof type !== 'function') return false;
  return getMetadataStorage().getTargetValidationMetadatas(type, '', false, false).length > 0;
}

describe('the application, put together from source', () => {
  it('has every module, controller and provider', () => {
    const modules = [...app.get(ModulesContainer).values()].map(({ name }) => name);
    const own = ['Config', 'Database', 'Changes', 'Auth', 'Projects', 'Flags', 'Sync', 'Polling', 'Health'];
    expect(modules).toEqual(expect.arrayContaining(own.map((name) => `${name}Module`)));
    const instances = [...app.get(ModulesContainer).values()].flatMap((module) => [
      ...[...module.controllers.values(), ...module.providers.values()],
    ]);
    const missing = instances.filter(({ instance }) => instance === undefined);
    expect(missing.map(({ name }) => String(name))).toEqual([]);
  });

  it('serves: what is made over REST is what a poll gives', async () => {
    const { port } = app.getHttpServer().address() as AddressInfo;
    const url = `http://127.0.0.1:${port}`;
    const admin = new AdminClient(url, ADMIN_TOKEN);
    await admin.createFlag('first', { environments: { production: { status: 'enabled' } } });
    const poller = new EtagPoller({ url, key: (await admin.createKey('production')).key });
    await poller.poll();
    expect([...poller.state.values()]).toMatchObject([{ id: 'first', status: 'enabled' }]);
  });

  it('checks every body and every query by a class that has rules', () => {
    const taken = classesOf('controllers').flatMap(takenWhole);
    // An `import type` of the class would leave `Object` or `Function` here, and nothing would be checked.
    expect(taken.length).toBeGreaterThan(10);
    expect(taken.filter(({ type }) => !hasRules(type))).toEqual([]);
  });
});
