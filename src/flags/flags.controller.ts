import { Controller, Delete, Get, HttpCode, Param, Patch, Post, Query, Req } from '@nestjs/common';
import { ApiBody, ApiCreatedResponse, ApiHeader, ApiNoContentResponse, ApiOkResponse, ApiOperation } from '@nestjs/swagger';
import { type Page } from '@flagwire/protocol/admin';
import type { Request } from 'express';
import { AdminAccess } from '../auth/access.decorator.js';
import { Actor } from '../auth/principal.decorator.js';
import { type AdminPrincipal } from '../auth/principal.js';
import { Reply } from '../projects/answers/reply.js';
import { WriteReplies } from '../projects/answers/write-replies.js';
import { AdminApi, ApiPage, ApiProblems, VERSIONED_HEADERS, WRITE_HEADERS } from '../projects/api.decorators.js';
import { limitOf, pageOf } from '../projects/requests/page.request.js';
import { FlagAnswer } from './flag.answer.js';
import { FlagCreation } from './flag-creation.js';
import { FlagEdits } from './flag-edits.js';
import { FlagReads } from './flag-reads.js';
import { type Written } from './flag-writes.js';
import { IF_MATCH_HEADER, IfMatch, IfMatchHeader, versionTag } from './if-match.js';
import { BodyDraft, type Draft } from './requests/draft.js';
import { FlagListRequest } from './requests/flag-list.request.js';
import { CreateFlagRequest, EditFlagRequest } from './requests/flag.request.js';

/** Flags, and what is the same of them in all environments. */
@AdminApi('Flags')
@Controller('api/projects/:project/flags')
export class FlagsController {
  constructor(
    private readonly reads: FlagReads,
    private readonly creation: FlagCreation,
    private readonly edits: FlagEdits,
    private readonly replies: WriteReplies,
  ) {}

  @Get()
  @ApiOperation({ summary: 'Flags by id' })
  @AdminAccess('viewer')
  @ApiPage(FlagAnswer)
  async list(
    @Param('project') project: string,
    @Query() query: FlagListRequest,
    @Actor() actor: AdminPrincipal,
  ): Promise<Page<FlagAnswer>> {
    const limit = limitOf(query);
    return pageOf(await this.reads.list(project, query, limit + 1, actor), limit, ({ id }) => id);
  }

  @Post()
  @ApiOperation({ summary: 'Make a flag: disabled, without targeting, in every environment that the body does not name' })
  @AdminAccess('editor')
  @ApiBody({ type: CreateFlagRequest })
  @ApiCreatedResponse({ type: FlagAnswer, headers: VERSIONED_HEADERS })
  @ApiProblems(409)
  async create(
    @Param('project') project: string,
    @BodyDraft(CreateFlagRequest) body: Draft<CreateFlagRequest>,
    @Actor() actor: AdminPrincipal,
  ): Promise<Reply<FlagAnswer>> {
    const made = await this.creation.create(project, body, actor.name);
    return this.reply(made, { Location: `/api/projects/${project}/flags/${made.value.id}` });
  }

  @Get(':flag')
  @ApiOperation({ summary: 'One flag, with its settings in the environments that the token opens' })
  @AdminAccess('viewer')
  @ApiOkResponse({ type: FlagAnswer, headers: { ETag: VERSIONED_HEADERS.ETag } })
  async one(
    @Param('project') project: string,
    @Param('flag') flag: string,
    @Actor() actor: AdminPrincipal,
    @Req() request: Request,
  ): Promise<Reply<FlagAnswer>> {
    // The tag is for If-Match. It does not move with the settings of environments, which the body shows too: Express would
    // answer 304 for a body that has changed.
    delete request.headers['if-none-match'];
    const answer = await this.reads.one(project, flag, actor);
    return new Reply(answer, { ETag: versionTag(answer.version), 'Cache-Control': 'no-store' });
  }

  @Patch(':flag')
  @ApiOperation({ summary: 'Change a flag in all environments; each field is replaced whole' })
  @AdminAccess('editor')
  @ApiHeader(IF_MATCH_HEADER)
  @ApiBody({ type: EditFlagRequest })
  @ApiOkResponse({ type: FlagAnswer, headers: VERSIONED_HEADERS })
  @ApiProblems(409, 412)
  async edit(
    @Param('project') project: string,
    @Param('flag') flag: string,
    @BodyDraft(EditFlagRequest) body: Draft<EditFlagRequest>,
    @IfMatchHeader() ifMatch: IfMatch,
    @Actor() { name: actor }: AdminPrincipal,
  ): Promise<Reply<FlagAnswer>> {
    return this.reply(await this.edits.edit({ project, flag, ifMatch, actor }, body));
  }

  @Delete(':flag')
  @HttpCode(204)
  @ApiOperation({ summary: 'Archive a flag: it goes from all environments, and its id stays taken' })
  @AdminAccess('editor')
  @ApiHeader(IF_MATCH_HEADER)
  @ApiNoContentResponse({ headers: WRITE_HEADERS })
  @ApiProblems(412)
  async archive(
    @Param('project') project: string,
    @Param('flag') flag: string,
    @IfMatchHeader() ifMatch: IfMatch,
    @Actor() { name: actor }: AdminPrincipal,
  ): Promise<Reply<undefined>> {
    const { covered } = await this.edits.archive({ project, flag, ifMatch, actor });
    return this.replies.reply(undefined, covered);
  }

  @Post(':flag/restore')
  @HttpCode(200)
  @ApiOperation({ summary: 'Bring an archived flag back, as it was' })
  @AdminAccess('editor')
  @ApiHeader(IF_MATCH_HEADER)
  @ApiOkResponse({ type: FlagAnswer, headers: VERSIONED_HEADERS })
  @ApiProblems(412)
  async restore(
    @Param('project') project: string,
    @Param('flag') flag: string,
    @IfMatchHeader() ifMatch: IfMatch,
    @Actor() { name: actor }: AdminPrincipal,
  ): Promise<Reply<FlagAnswer>> {
    return this.reply(await this.edits.restore({ project, flag, ifMatch, actor }));
  }

  private reply({ value, covered }: Written<FlagAnswer>, headers: Record<string, string> = {}): Reply<FlagAnswer> {
    return this.replies.reply(value, covered, { ...headers, ETag: versionTag(value.version) });
  }
}
