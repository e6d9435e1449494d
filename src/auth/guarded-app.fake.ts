import { mkdtempSync, rmSync } from 'node:fs';
import { type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Controller, Delete, Get, Module, Patch, Post } from '@nestjs/common';
import { type NestExpressApplication } from '@nestjs/platform-express';
import { Test } from '@nestjs/testing';
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

/** FLAGWIRE_ADMIN_TOKEN. */
export const ROOT = 'r'.repeat(32);
export const PAGE = 'https://app.example';

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

export type Call = [path: string, headers?: Record<string, string>, init?: RequestInit];

export const bearer = (token: string) => ({ Authorization: `Bearer ${token}` });

/** An application with routes of every kind behind the real guard, over a real database and a real feed. */
export class GuardedApp {
  private app!: NestExpressApplication;
  private base = '';
  private folder = '';

  /** Listens; the database stays shut. */
  async start(): Promise<void> {
    this.folder = mkdtempSync(join(tmpdir(), 'flagwire-guard-'));
    const settings = {
      DATABASE_URL: `sqlite:${join(this.folder, 'test.db')}`,
      FLAGWIRE_ADMIN_TOKEN: ROOT,
      FLAGWIRE_TICKETS_PER_MINUTE: '3',
      FLAGWIRE_WRONG_CREDENTIALS_PER_MINUTE: '1000',
    };
    const imports = [ConfigModule, CommonModule, DatabaseModule, AuthModule, RoutesModule];
    const building = Test.createTestingModule({ imports }).overrideProvider(Config).useValue(readConfig(settings));
    const options = { logger: false, bodyParser: false, forceCloseConnections: true } as const;
    this.app = (await building.compile()).createNestApplication<NestExpressApplication>(options);
    this.app.use(this.app.get(CrossOrigin).handle);
    this.app.useBodyParser('json', { limit: 1000 });
    this.app.useGlobalPipes(new RequestPipe());
    this.app.useGlobalFilters(new ProblemFilter());
    await this.app.listen(0, '127.0.0.1');
    this.base = `http://127.0.0.1:${(this.app.getHttpServer().address() as AddressInfo).port}`;
  }

  /** Project `shop` (p1) with the environments `staging` (e1) and `production` (e2); project `bank` (p2). */
  async openDatabase(): Promise<void> {
    await this.app.get(DatabaseStart).opened();
    await this.sql(`INSERT INTO project VALUES ('p1', 'shop', 'Shop', 't', 't'), ('p2', 'bank', 'Bank', 't', 't')`);
    for (const values of [`'e1', 'p1', 'staging', 'Staging'`, `'e2', 'p1', 'production', 'Production'`]) {
      await this.sql(`INSERT INTO environment VALUES (${values}, 't', 't')`);
    }
    for (const id of ['e1', 'e2']) {
      await this.sql(`INSERT INTO environment_head VALUES ('${id}', 'aaaaaaaa', 0, 'bbbbbb', 't', 'bbbbbb', 't', 0)`);
    }
    this.app.get(ChangeFeed).start();
    await this.app.get(ChangeFeed).catchUp();
  }

  async stop(): Promise<void> {
    await this.app.close();
    rmSync(this.folder, { recursive: true });
  }

  sql(statement: string): Promise<unknown> {
    return this.app.get(Database).write((manager) => manager.query(statement));
  }

  call(...[path, headers = {}, init = {}]: Call): Promise<Response> {
    return fetch(this.base + path, { ...init, headers });
  }

  /** The status, and the code of a refusal. */
  async outcome(...args: Call): Promise<string> {
    const answer = await this.call(...args);
    const text = await answer.text();
    return answer.ok ? String(answer.status) : `${answer.status} ${(JSON.parse(text) as { code: string }).code}`;
  }

  token(wanted: Partial<NewAdminToken> = {}): ReturnType<AdminTokens['create']> {
    const whole: NewAdminToken = { name: 'ann', role: 'admin', projectId: null, environments: null, expiresAt: null, ...wanted };
    return this.app.get(Database).write((manager) => this.app.get(AdminTokens).create(manager, whole));
  }

  tokens(after: string | null, limit: number): ReturnType<AdminTokens['list']> {
    return this.app.get(AdminTokens).list(after, limit);
  }

  revokeToken(id: string): Promise<void> {
    return this.app.get(Database).write((manager) => this.app.get(AdminTokens).revoke(manager, id));
  }

  /** A key of staging. */
  key(wanted: Partial<NewSdkKey> = {}): ReturnType<SdkKeys['create']> {
    const whole: NewSdkKey = { name: 'k', kind: 'server', expiresAt: null, allowedOrigins: [], ...wanted };
    return this.app.get(Database).write((manager) => this.app.get(SdkKeys).create(manager, 'e1', whole));
  }

  revokeKey(id: string): Promise<void> {
    return this.app.get(Database).write((manager) => this.app.get(SdkKeys).revoke(manager, 'e1', id));
  }
}
