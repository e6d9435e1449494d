import { Body, Controller, Delete, Get, HttpCode, Param, Post, Query } from '@nestjs/common';
import { ApiCreatedResponse, ApiNoContentResponse, ApiOperation } from '@nestjs/swagger';
import { type Page } from '@flagwire/protocol/admin';
import { type EntityManager } from 'typeorm';
import { AdminAccess } from '../auth/access.decorator.js';
import { type IssuedSdkKey, SdkKeys } from '../auth/sdk-keys.js';
import { ChangeLog } from '../changes/change-log.js';
import { NotFound } from '../common/errors.js';
import { Database } from '../database/database.js';
import { CreatedSdkKeyAnswer, SdkKeyAnswer } from './answers/credential.answer.js';
import { Reply } from './answers/reply.js';
import { type Covered, WriteReplies } from './answers/write-replies.js';
import { AdminApi, ApiPage } from './api.decorators.js';
import { Projects } from './projects.js';
import { IdPipe } from './requests/id.pipe.js';
import { limitOf, PageRequest } from './requests/page.request.js';
import { CreateSdkKeyRequest, graceOf, RotateSdkKeyRequest } from './requests/sdk-key.request.js';

type KeyWork<T> = (manager: EntityManager, environmentId: string) => Promise<T>;

const KeyId = new IdPipe('sdk key');

/** Keys of one environment. A key is shown once, in the answer to what makes it. */
@AdminApi('SDK keys')
@Controller('api/projects/:project/environments/:env/sdk-keys')
export class SdkKeysController {
  constructor(
    private readonly database: Database,
    private readonly projects: Projects,
    private readonly keys: SdkKeys,
    private readonly log: ChangeLog,
    private readonly replies: WriteReplies,
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
    return this.shownOnce(project, env, (manager, id) =>
      this.keys.create(manager, id, { name, kind, expiresAt, allowedOrigins }),
    );
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
    return this.shownOnce(project, env, (manager, id) => this.keys.rotate(manager, id, keyId, graceOf(body)));
  }

  @Delete(':id')
  @HttpCode(204)
  @ApiOperation({ summary: 'Revoke a key: its connections are closed within a second' })
  @AdminAccess('admin')
  @ApiNoContentResponse()
  async revoke(
    @Param('project') project: string,
    @Param('env') env: string,
    @Param('id', KeyId) keyId: string,
  ): Promise<Reply<undefined>> {
    const { covered } = await this.inEnvironment(project, env, (manager, id) => this.keys.revoke(manager, id, keyId));
    return this.replies.keyReply(undefined, covered);
  }

  private async shownOnce(project: string, env: string, make: KeyWork<IssuedSdkKey>): Promise<Reply<CreatedSdkKeyAnswer>> {
    const { done, covered } = await this.inEnvironment(project, env, make);
    const Location = `/api/projects/${project}/environments/${env}/sdk-keys/${done.key.id}`;
    return this.replies.keyReply({ ...done.key, key: done.secret }, covered, { Location });
  }

  /** In the write protocol's order: the project's row, the environment's head, and then the key. */
  private inEnvironment<T>(projectKey: string, key: string, work: KeyWork<T>): Promise<{ done: T; covered: Covered }> {
    return this.database.write(async (manager) => {
      const project = await this.projects.lock(manager, projectKey, 'share');
      const environment = await this.projects.environment(manager, project, key);
      const head = (await this.log.lockHeads(manager, [environment.id])).get(environment.id);
      if (head === undefined) throw new NotFound('environment', key);
      return { done: await work(manager, environment.id), covered: { environment, cursor: head } };
    });
  }
}
