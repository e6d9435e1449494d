import { createServer } from 'node:net';
import { Controller, Get, Injectable, Module, type Type, UnauthorizedException } from '@nestjs/common';
import { type INestApplication, ValidationPipe } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { Test } from '@nestjs/testing';
import { type EvaluationContext, FlagSyncClient } from '@flagwire/client';
import { Flag, FlagwireModule, getFlagSyncClientToken, InjectFlagSyncClient } from '@flagwire/client/nest';
import { afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { type Request } from 'express';
import { freePort } from '../support/free-port.js';
import { httpRequest } from '../support/http-request.js';
import { type TestServer } from '../support/server.js';
import { useServers } from '../support/use-servers.js';
import { eventually } from '../support/wait.js';

const RULE = { if: [{ '==': [{ var: 'plan' }, 'pro'] }, 'on', 'off'] };

@Injectable()
class Shop {
  constructor(readonly flags: FlagSyncClient) {}

  get isOpen(): boolean {
    return this.flags.value('shop.open', false);
  }
}

@Controller()
class ShopController {
  constructor(private readonly shop: Shop) {}

  @Get('shop')
  read(@Flag('shop.open', false) open: boolean, @Flag('shop.missing', 'plain') theme: string): object {
    return { open, theme, service: this.shop.isOpen };
  }

  @Get('list')
  list(@Flag('shop.new-list', false) isNew: boolean): object {
    return { isNew };
  }
}

/** It has no import of its own: the client of `forRoot` is global. */
@Module({ providers: [Shop], controllers: [ShopController] })
class ShopModule {}

describe('FlagwireModule', () => {
  const start = useServers();
  const open: { close(): Promise<void> }[] = [];
  let server: TestServer;
  let sdkKey: string;

  beforeAll(async () => {
    server = await start();
    ({ key: sdkKey } = await server.admin.createKey('production'));
    await server.admin.createFlag('shop.open', { default_variant: 'on' });
    await server.admin.patchEnv('shop.open', 'production', { status: 'enabled' });
    await server.admin.createFlag('shop.new-list');
    await server.admin.patchEnv('shop.new-list', 'production', { status: 'enabled', targeting: RULE });
  });
  afterEach(() => Promise.all(open.splice(0).map((application) => application.close())));

  /** A server that takes connections, and answers nothing. */
  async function silent(): Promise<string> {
    const sockets = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => sockets.once('listening', resolve));
    open.push({ close: async () => void sockets.close() });
    const { port } = sockets.address() as { port: number };
    return `http://127.0.0.1:${port}`;
  }

  type Imports = NonNullable<Parameters<typeof Module>[0]['imports']>;

  async function application(...imports: Imports): Promise<INestApplication> {
    @Module({ imports })
    class Root {}
    const app = await NestFactory.create(Root, { logger: false, abortOnError: false });
    open.push(app);
    return app;
  }

  async function listening(app: INestApplication): Promise<(path: string, headers?: Record<string, string>) => Promise<unknown>> {
    await app.listen(0, '127.0.0.1');
    const url = await app.getUrl();
    return async (path, headers = {}) => (await httpRequest(`${url}/${path}`, { headers })).json();
  }

  const basic = () => ({ url: server.url, sdkKey, isGlobal: true });

  it('gives handlers and services the flags, from the first request on, and each change', async () => {
    const app = await application(FlagwireModule.forRoot(basic()), ShopModule);
    expect(app.get(FlagSyncClient).status.state).toBe('live');
    app.useGlobalPipes(new ValidationPipe({ transform: true, whitelist: true, forbidNonWhitelisted: true }));
    const get = await listening(app);
    expect(await get('shop')).toEqual({ open: true, theme: 'plain', service: true });
    await server.admin.patchEnv('shop.open', 'production', { status: 'disabled' });
    await eventually(async () => expect(await get('shop')).toEqual({ open: false, theme: 'plain', service: false }));
    await server.admin.patchEnv('shop.open', 'production', { status: 'enabled' });
    await eventually(async () => expect(await get('shop')).toEqual({ open: true, theme: 'plain', service: true }));
  });

  it.each([
    ['at once', (context: EvaluationContext) => context],
    ['later', async (context: EvaluationContext) => context],
  ])('decides for whom the context of the request says, which is given %s', async (_when, given) => {
    const plan = (request: Request) => given({ plan: request.header('x-plan') });
    const context = (execution: { switchToHttp(): { getRequest(): Request } }) => plan(execution.switchToHttp().getRequest());
    const get = await listening(await application(FlagwireModule.forRoot({ ...basic(), context }), ShopModule));
    expect(await get('list', { 'x-plan': 'pro' })).toEqual({ isNew: true });
    expect(await get('list', { 'x-plan': 'free' })).toEqual({ isNew: false });
    expect(await get('list')).toEqual({ isNew: false });
  });

  it.each([
    [
      'throws',
      () => {
        throw new UnauthorizedException();
      },
    ],
    ['rejects', () => Promise.reject(new UnauthorizedException())],
  ])('serves the fallback where the context of a request %s', async (_how, context) => {
    const get = await listening(await application(FlagwireModule.forRoot({ ...basic(), context }), ShopModule));
    expect(await get('shop')).toEqual({ open: false, theme: 'plain', service: true });
  });

  it('says of which client it is that a context could not be made', async () => {
    const said: unknown[] = [];
    const logger = { log: () => undefined, warn: () => undefined, error: (...words: unknown[]) => said.push(words.at(-1)) };
    const context = () => Promise.reject(new UnauthorizedException());
    @Controller('named')
    class NamedController {
      @Get()
      read(@Flag('shop.open', false, { client: 'second' }) open: boolean): object {
        return { open };
      }
    }
    @Module({
      imports: [FlagwireModule.forRoot({ url: server.url, sdkKey, context, name: 'second' })],
      controllers: [NamedController],
    })
    class Root {}
    const app = await NestFactory.create(Root, { logger, abortOnError: false });
    open.push(app);
    expect(await (await listening(app))('named')).toEqual({ open: false });
    expect(said).toEqual(['Flagwire:second']);
  });

  it('takes its options from a provider of another module', async () => {
    @Injectable()
    class Settings {
      readonly flags = { url: server.url, sdkKey };
    }
    @Module({ providers: [Settings], exports: [Settings] })
    class SettingsModule {}
    const flagwire = FlagwireModule.forRootAsync({
      imports: [SettingsModule],
      inject: [Settings],
      useFactory: async (settings: Settings) => settings.flags,
      isGlobal: true,
    });
    const get = await listening(await application(flagwire, ShopModule));
    expect(await get('shop')).toMatchObject({ open: true, service: true });
  });

  it('makes several clients, each with its name, its flags and its end', async () => {
    const { key: other } = await server.admin.createKey('staging');
    @Injectable()
    class Both {
      constructor(
        readonly production: FlagSyncClient,
        @InjectFlagSyncClient('staging') readonly staging: FlagSyncClient,
      ) {}
    }
    @Controller('both')
    class BothController {
      @Get()
      read(@Flag('shop.open', false) one: boolean, @Flag('shop.open', true, { client: 'staging' }) two: boolean): object {
        return { one, two };
      }
    }
    @Module({
      imports: [
        FlagwireModule.forRoot({ url: server.url, sdkKey }),
        FlagwireModule.forRoot({ url: server.url, sdkKey: other, name: 'staging' }),
      ],
      providers: [Both],
      controllers: [BothController],
    })
    class BothModule {}
    await server.admin.patchEnv('shop.open', 'staging', { status: 'enabled', default_variant: 'off' });
    const app = await application(BothModule);
    const get = await listening(app);
    const { production, staging } = app.get(Both);
    expect([production.value('shop.open', false), staging.value('shop.open', true)]).toEqual([true, false]);
    expect(await get('both')).toEqual({ one: true, two: false });
    expect(app.get(getFlagSyncClientToken('staging'))).toBe(staging);
    await app.close();
    expect([production.status.state, staging.status.state]).toEqual(['closed', 'closed']);
  });

  it('closes its client when the application has ended, after its last request', async () => {
    const app = await application(FlagwireModule.forRoot(basic()), ShopModule);
    const states: string[] = [];
    const client = app.get(FlagSyncClient);
    open.push(client);
    Object.assign(app.get(Shop), { beforeApplicationShutdown: () => states.push(client.status.state) });
    await app.init();
    await app.close();
    expect([...states, client.status.state]).toEqual(['live', 'closed']);
  });

  it('starts without a server: the flags are the fallbacks, and come when it does', async () => {
    const url = `http://127.0.0.1:${await freePort()}`;
    const app = await application(FlagwireModule.forRoot({ ...basic(), url, ready_timeout_ms: 50 }), ShopModule);
    const get = await listening(app);
    expect(await get('shop')).toEqual({ open: false, theme: 'plain', service: false });
  });

  it('does not wait where it is told so', async () => {
    const url = await silent();
    const app = await application(FlagwireModule.forRoot({ ...basic(), url, ready_timeout_ms: 0 }), ShopModule);
    expect(app.get(FlagSyncClient).status).toMatchObject({ state: 'connecting', lag_ms: null });
  });

  it.each([
    ['the flags that it requires do not come', { required: true, ready_timeout_ms: 50 }, 'ready_timeout'],
    ['its options are wrong', { sdkKey: 'fw_cli_x' }, 'options_invalid'],
  ])('fails the start where %s', async (_why, options, code) => {
    const url = await silent();
    const flagwire = FlagwireModule.forRoot({ ...basic(), url, ...options });
    await expect(application(flagwire, ShopModule)).rejects.toMatchObject({ code });
  });

  it('fails the start where its factory does, or where a controller has no client', async () => {
    const gone = new Error('no settings');
    const flagwire = FlagwireModule.forRootAsync({ useFactory: () => Promise.reject(gone), isGlobal: true });
    await expect(application(flagwire, ShopModule)).rejects.toBe(gone);
    await expect(application(ShopModule)).rejects.toThrow('FlagSyncClient');
  });

  it('refuses @Flag in a constructor, and says what to do', () => {
    const decorate = Flag('shop.open', false) as (target: Type, key: undefined, index: number) => void;
    expect(() => decorate(Shop, undefined, 0)).toThrow(
      '@Flag("shop.open") is for a handler; in a constructor inject FlagSyncClient',
    );
  });

  it('leaves its place to a client of a test', async () => {
    const fake = { value: (id: string) => id === 'shop.open', close: async () => undefined };
    const imports = [FlagwireModule.forRoot({ ...basic(), url: 'http://nowhere.invalid' }), ShopModule];
    const made = await Test.createTestingModule({ imports }).overrideProvider(FlagSyncClient).useValue(fake).compile();
    const app = made.createNestApplication({ logger: false });
    open.push(app);
    const get = await listening(app);
    expect(await get('shop')).toEqual({ open: true, theme: false, service: true });
  });
});
