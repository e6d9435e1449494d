import { Body, Controller, Delete, Get, HttpCode, Param, Patch, Post, Query } from '@nestjs/common';
import { ApiCreatedResponse, ApiNoContentResponse, ApiOkResponse, ApiOperation } from '@nestjs/swagger';
import { type Page } from '@flagwire/protocol/admin';
import { AdminAccess } from '../auth/access.decorator.js';
import { Actor } from '../auth/principal.decorator.js';
import { type AdminPrincipal } from '../auth/principal.js';
import { Database } from '../database/database.js';
import { ProjectAnswer, projectAnswer } from './answers/project.answer.js';
import { Reply } from './answers/reply.js';
import { AdminApi, ApiPage, ApiProblems } from './api.decorators.js';
import { ProjectEdits } from './project-edits.js';
import { Projects } from './projects.js';
import { CreateNamedRequest, RenameRequest } from './requests/named.request.js';
import { limitOf, pageOf, PageRequest } from './requests/page.request.js';

@AdminApi('Projects')
@Controller('api/projects')
export class ProjectsController {
  constructor(
    private readonly database: Database,
    private readonly projects: Projects,
    private readonly edits: ProjectEdits,
  ) {}

  @Get()
  @ApiOperation({ summary: 'The projects that the token opens, by key' })
  @AdminAccess('viewer', { keepsToScope: true })
  @ApiPage(ProjectAnswer)
  async list(@Query() query: PageRequest, @Actor() actor: AdminPrincipal): Promise<Page<ProjectAnswer>> {
    const limit = limitOf(query);
    const rows = await this.database.read((manager) =>
      this.projects.projectsAfter(manager, query.after ?? '', limit + 1, actor.projectKey),
    );
    return pageOf(rows.map(projectAnswer), limit, ({ key }) => key);
  }

  @Post()
  @ApiOperation({ summary: 'Make a project' })
  @AdminAccess('admin')
  @ApiCreatedResponse({ type: ProjectAnswer })
  @ApiProblems(409)
  async create(@Body() body: CreateNamedRequest): Promise<Reply<ProjectAnswer>> {
    const project = await this.edits.create(body);
    return new Reply(projectAnswer(project), { Location: `/api/projects/${project.key}` });
  }

  @Get(':project')
  @ApiOperation({ summary: 'One project' })
  @AdminAccess('viewer')
  @ApiOkResponse({ type: ProjectAnswer })
  async one(@Param('project') key: string): Promise<ProjectAnswer> {
    return projectAnswer(await this.database.read((manager) => this.projects.find(manager, key)));
  }

  @Patch(':project')
  @ApiOperation({ summary: 'Rename a project; its key stays' })
  @AdminAccess('admin')
  @ApiOkResponse({ type: ProjectAnswer })
  async rename(@Param('project') key: string, @Body() body: RenameRequest): Promise<ProjectAnswer> {
    return projectAnswer(await this.edits.rename(key, body));
  }

  @Delete(':project')
  @HttpCode(204)
  @ApiOperation({ summary: 'Delete a project with its environments, flags, keys and history; ends their connections' })
  @AdminAccess('admin')
  @ApiNoContentResponse()
  delete(@Param('project') key: string): Promise<void> {
    return this.edits.delete(key);
  }
}
