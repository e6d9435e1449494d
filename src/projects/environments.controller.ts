import { Body, Controller, Delete, Get, HttpCode, Param, Patch, Post, Query } from '@nestjs/common';
import { ApiCreatedResponse, ApiNoContentResponse, ApiOkResponse, ApiOperation } from '@nestjs/swagger';
import { type Page } from '@flagwire/protocol/admin';
import { AdminAccess } from '../auth/access.decorator.js';
import { Actor } from '../auth/principal.decorator.js';
import { type AdminPrincipal } from '../auth/principal.js';
import { cursorOf } from '../changes/change-log.js';
import { EnvironmentAnswer, environmentAnswer } from './answers/project.answer.js';
import { type Reply } from './answers/reply.js';
import { WriteReplies } from './answers/write-replies.js';
import { AdminApi, ApiPage, ApiProblems, WRITE_HEADERS } from './api.decorators.js';
import { EnvironmentEdits } from './environment-edits.js';
import { EnvironmentReads } from './environment-reads.js';
import { type EnvironmentAtHead } from './environment-records.js';
import { CreateNamedRequest, RenameRequest } from './requests/named.request.js';
import { limitOf, pageOf, PageRequest } from './requests/page.request.js';

@AdminApi('Environments')
@Controller('api/projects/:project/environments')
export class EnvironmentsController {
  constructor(
    private readonly reads: EnvironmentReads,
    private readonly edits: EnvironmentEdits,
    private readonly replies: WriteReplies,
  ) {}

  @Get()
  @ApiOperation({ summary: 'The environments that the token opens, by key' })
  @AdminAccess('viewer')
  @ApiPage(EnvironmentAnswer)
  async list(
    @Param('project') project: string,
    @Query() query: PageRequest,
    @Actor() actor: AdminPrincipal,
  ): Promise<Page<EnvironmentAnswer>> {
    const limit = limitOf(query);
    const rows = await this.reads.after(project, query.after ?? '', limit + 1, actor.environmentKeys);
    return pageOf(rows.map(environmentAnswer), limit, ({ key }) => key);
  }

  @Post()
  @ApiOperation({ summary: 'Make an environment at revision 0, with every flag of the project disabled in it' })
  @AdminAccess('admin')
  @ApiCreatedResponse({ type: EnvironmentAnswer, headers: WRITE_HEADERS })
  @ApiProblems(409)
  async create(@Param('project') project: string, @Body() body: CreateNamedRequest): Promise<Reply<EnvironmentAnswer>> {
    const made = await this.edits.create(project, body);
    return this.reply(made, { Location: `/api/projects/${project}/environments/${made.environment.key}` });
  }

  @Get(':env')
  @ApiOperation({ summary: 'One environment' })
  @AdminAccess('viewer')
  @ApiOkResponse({ type: EnvironmentAnswer })
  async one(@Param('project') project: string, @Param('env') key: string): Promise<EnvironmentAnswer> {
    return environmentAnswer(await this.reads.one(project, key));
  }

  @Patch(':env')
  @ApiOperation({ summary: 'Rename an environment; its key stays' })
  @AdminAccess('admin')
  @ApiOkResponse({ type: EnvironmentAnswer, headers: WRITE_HEADERS })
  async rename(
    @Param('project') project: string,
    @Param('env') key: string,
    @Body() body: RenameRequest,
  ): Promise<Reply<EnvironmentAnswer>> {
    return this.reply(await this.edits.rename(project, key, body));
  }

  @Delete(':env')
  @HttpCode(204)
  @ApiOperation({
    summary: 'Delete an environment with its settings, keys and history; ends its connections (Goodbye environment_deleted)',
  })
  @AdminAccess('admin')
  @ApiNoContentResponse()
  delete(@Param('project') project: string, @Param('env') key: string): Promise<void> {
    return this.edits.delete(project, key);
  }

  private reply(made: EnvironmentAtHead, headers: Record<string, string> = {}): Reply<EnvironmentAnswer> {
    const covered = [{ environment: made.environment, cursor: cursorOf(made.head) }];
    return this.replies.reply(environmentAnswer(made), covered, headers);
  }
}
