import { Body, Controller, Delete, Get, HttpCode, Param, Post, Query } from '@nestjs/common';
import { ApiCreatedResponse, ApiNoContentResponse, ApiOperation } from '@nestjs/swagger';
import { type Page } from '@flagwire/protocol/admin';
import { type EntityManager } from 'typeorm';
import { AdminAccess } from '../auth/access.decorator.js';
import { SdkKeys } from '../auth/sdk-keys.js';
import { Database } from '../database/database.js';
import { CreatedSdkKeyAnswer, SdkKeyAnswer } from './answers/credential.answer.js';
import { Reply } from './answers/reply.js';
import { AdminApi, ApiPage } from './api.decorators.js';
import { Projects } from './projects.js';
import { IdPipe } from './requests/id.pipe.js';
import { limitOf, PageRequest } from './requests/page.request.js';
import { CreateSdkKeyRequest, graceOf, RotateSdkKeyRequest } from './requests/sdk-key.request.js';

const KeyId = new IdPipe('sdk key');

/** Keys of one environment. A key is shown once, in the answer to what makes it. */
@AdminApi('SDK keys')
@Controller('api/projects/:project/environments/:env/sdk-keys')
export class SdkKeysController {
  constructor(
    private readonly database: Database,
    private readonly projects: Projects,
    private readonly keys: SdkKeys,
  ) {}

  @Get()
  @ApiOperation({ summary: 'The keys of an environment, also those that are dead' })
  @AdminAccess('viewer')
  @ApiPage(SdkKeyAnswer)
  async list(
    @Param('project') projectKey: string,
    @Param('env') key: string,
    @Query() query: PageRequest,
  ): Promise<Page<SdkKeyAnswer>> {
    const { id } = await this.database.read(async (manager) => {
      return this.projects.environment(manager, await this.projects.find(manager, projectKey), key);
    });
    return this.keys.list(id, query.after ?? null, limitOf(query));
  }

  @Post()
  @ApiOperation({ summary: 'Make a key; it is shown this once' })
  @AdminAccess('admin')
  @ApiCreatedResponse({ type: CreatedSdkKeyAnswer })
  async create(
    @Param('project') project: string,
    @Param('env') env: string,
    @Body() body: CreateSdkKeyRequest,
  ): Promise<Reply<CreatedSdkKeyAnswer>> {
    const { name, kind, expires_at: expiresAt = null, allowed_origins: allowedOrigins = [] } = body;
    const made = await this.inEnvironment(project, env, (manager, id) =>
      this.keys.create(manager, id, { name, kind, expiresAt, allowedOrigins }),
    );
    return shownOnce(project, env, made);
  }

  @Post(':id/rotate')
  @ApiOperation({ summary: 'Make a new key in place of one that goes on to work for grace_seconds' })
  @AdminAccess('admin')
  @ApiCreatedResponse({ type: CreatedSdkKeyAnswer })
  async rotate(
    @Param('project') project: string,
    @Param('env') env: string,
    @Param('id', KeyId) keyId: string,
    @Body() body: RotateSdkKeyRequest,
  ): Promise<Reply<CreatedSdkKeyAnswer>> {
    const made = await this.inEnvironment(project, env, (manager, id) => this.keys.rotate(manager, id, keyId, graceOf(body)));
    return shownOnce(project, env, made);
  }

  @Delete(':id')
  @HttpCode(204)
  @ApiOperation({ summary: 'Revoke a key: its connections are closed within a second' })
  @AdminAccess('admin')
  @ApiNoContentResponse()
  async revoke(@Param('project') project: string, @Param('env') env: string, @Param('id', KeyId) keyId: string): Promise<void> {
    await this.inEnvironment(project, env, (manager, id) => this.keys.revoke(manager, id, keyId));
  }

  private inEnvironment<T>(
    projectKey: string,
    key: string,
    work: (manager: EntityManager, environmentId: string) => Promise<T>,
  ): Promise<T> {
    return this.database.write(async (manager) => {
      const project = await this.projects.lock(manager, projectKey, 'share');
      return work(manager, (await this.projects.environment(manager, project, key)).id);
    });
  }
}

function shownOnce(project: string, env: string, made: { key: SdkKeyAnswer; secret: string }): Reply<CreatedSdkKeyAnswer> {
  const Location = `/api/projects/${project}/environments/${env}/sdk-keys/${made.key.id}`;
  return new Reply({ ...made.key, key: made.secret }, { Location });
}
