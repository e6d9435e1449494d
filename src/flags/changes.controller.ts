import { Body, Controller, Get, HttpCode, Param, Post, Query } from '@nestjs/common';
import { ApiBody, ApiHeader, ApiOkResponse, ApiOperation } from '@nestjs/swagger';
import { type ChangeRecord, type ChangeSetAnswer, type Page } from '@flagwire/protocol/admin';
import { AdminAccess } from '../auth/access.decorator.js';
import { Actor } from '../auth/principal.decorator.js';
import { type AdminPrincipal } from '../auth/principal.js';
import { type Reply } from '../projects/answers/reply.js';
import { WriteReplies } from '../projects/answers/write-replies.js';
import { AdminApi, ApiPage, ApiProblems, WRITE_HEADERS } from '../projects/api.decorators.js';
import { limitOf } from '../projects/requests/page.request.js';
import { ChangeRecordAnswer, ChangeSetAnswerBody } from './change.answer.js';
import { ChangeTrail } from './change-trail.js';
import { IF_MATCH_HEADER, IfMatch, IfMatchHeader } from './if-match.js';
import { ChangeSetRequest } from './requests/change-set.request.js';
import { BodyDraft, type Draft } from './requests/draft.js';
import { RollbackRequest } from './requests/rollback.request.js';
import { Rollback } from './rollback.js';
import { ChangesRequest } from './requests/flag-list.request.js';
import { SettingEdits } from './setting-edits.js';

/** What changes in one environment: change sets, and the trail of all that changed. */
@AdminApi('Changes')
@Controller('api/projects/:project/environments/:env')
export class ChangesController {
  constructor(
    private readonly edits: SettingEdits,
    private readonly trail: ChangeTrail,
    private readonly rollback: Rollback,
    private readonly replies: WriteReplies,
  ) {}

  @Post('change-sets')
  @HttpCode(200)
  @ApiOperation({ summary: 'Change up to 1,000 flags as one revision, all or nothing' })
  @AdminAccess('editor')
  @ApiHeader({ ...IF_MATCH_HEADER, description: 'The cursor that the change set was made for, in double quotes.' })
  @ApiBody({ type: ChangeSetRequest })
  @ApiOkResponse({ type: ChangeSetAnswerBody, headers: WRITE_HEADERS })
  @ApiProblems(409, 412)
  async apply(
    @Param('project') project: string,
    @Param('env') environment: string,
    @BodyDraft(ChangeSetRequest) body: Draft<ChangeSetRequest>,
    @IfMatchHeader() ifMatch: IfMatch,
    @Actor() { name: actor }: AdminPrincipal,
  ): Promise<Reply<ChangeSetAnswer>> {
    const { value, covered } = await this.edits.changeSet({ project, environment, ifMatch, actor }, body);
    return this.replies.reply(value, covered);
  }

  @Post('rollback')
  @HttpCode(200)
  @ApiOperation({ summary: 'Put status, default and targeting back to what they were at a revision, as one new revision' })
  @AdminAccess('editor')
  @ApiHeader({ ...IF_MATCH_HEADER, description: 'The cursor that the rollback was made for, in double quotes.' })
  @ApiOkResponse({ type: ChangeSetAnswerBody, headers: WRITE_HEADERS })
  @ApiProblems(409, 412)
  async rollBack(
    @Param('project') project: string,
    @Param('env') environment: string,
    @Body() { to_revision: toRevision }: RollbackRequest,
    @IfMatchHeader() ifMatch: IfMatch,
    @Actor() { name: actor }: AdminPrincipal,
  ): Promise<Reply<ChangeSetAnswer>> {
    const { value, covered } = await this.rollback.run({ project, environment, toRevision, ifMatch, actor });
    return this.replies.reply(value, covered);
  }

  @Get('changes')
  @ApiOperation({ summary: 'The audit trail: every change set after a revision, oldest first' })
  @AdminAccess('viewer')
  @ApiPage(ChangeRecordAnswer)
  list(
    @Param('project') project: string,
    @Param('env') environment: string,
    @Query() query: ChangesRequest,
  ): Promise<Page<ChangeRecord>> {
    return this.trail.after(project, environment, Number(query.after ?? 0), limitOf(query));
  }
}
