import { Controller, Get, Param, Patch } from '@nestjs/common';
import { ApiBody, ApiHeader, ApiOkResponse, ApiOperation } from '@nestjs/swagger';
import { type FlagDefinition } from '@flagwire/protocol/sync';
import { AdminAccess } from '../auth/access.decorator.js';
import { Actor } from '../auth/principal.decorator.js';
import { type AdminPrincipal } from '../auth/principal.js';
import { Reply } from '../projects/answers/reply.js';
import { WriteReplies } from '../projects/answers/write-replies.js';
import { AdminApi, ApiProblems, VERSIONED_HEADERS } from '../projects/api.decorators.js';
import { FlagDefinitionAnswer } from './flag.answer.js';
import { FlagReads } from './flag-reads.js';
import { IF_MATCH_HEADER, IfMatch, IfMatchHeader, versionTag } from './if-match.js';
import { BodyDraft, type Draft } from './requests/draft.js';
import { FlagSettingsRequest } from './requests/flag-settings.request.js';
import { SettingEdits } from './setting-edits.js';

/** One flag in one environment: what its clients see of it, and its settings there. */
@AdminApi('Flags')
@Controller('api/projects/:project/flags/:flag/environments/:env')
export class FlagSettingsController {
  constructor(
    private readonly reads: FlagReads,
    private readonly edits: SettingEdits,
    private readonly replies: WriteReplies,
  ) {}

  @Get()
  @ApiOperation({ summary: 'A flag as the clients of an environment see it' })
  @AdminAccess('viewer')
  @ApiOkResponse({ type: FlagDefinitionAnswer, headers: { ETag: VERSIONED_HEADERS.ETag } })
  async one(
    @Param('project') project: string,
    @Param('flag') flag: string,
    @Param('env') environment: string,
  ): Promise<Reply<FlagDefinition>> {
    const definition = await this.reads.definition(project, environment, flag);
    return new Reply(definition, { ETag: versionTag(definition.metadata.version), 'Cache-Control': 'no-store' });
  }

  @Patch()
  @ApiOperation({ summary: 'Set a flag in one environment; each field is replaced whole, what is absent stays' })
  @AdminAccess('editor')
  @ApiHeader(IF_MATCH_HEADER)
  @ApiBody({ type: FlagSettingsRequest })
  @ApiOkResponse({ type: FlagDefinitionAnswer, headers: VERSIONED_HEADERS })
  @ApiProblems(409, 412)
  async edit(
    @Param('project') project: string,
    @Param('flag') flag: string,
    @Param('env') environment: string,
    @BodyDraft(FlagSettingsRequest) body: Draft<FlagSettingsRequest>,
    @IfMatchHeader() ifMatch: IfMatch,
    @Actor() { name: actor }: AdminPrincipal,
  ): Promise<Reply<FlagDefinition>> {
    const { value, covered } = await this.edits.edit({ project, flag, environment, ifMatch, actor }, body);
    return this.replies.reply(value, covered, { ETag: versionTag(value.metadata.version) });
  }
}
