import { Controller, Get, HttpCode, Param, Post, Query, Req } from '@nestjs/common';
import { ApiBody, ApiHeader, ApiOkResponse, ApiOperation } from '@nestjs/swagger';
import type { Request } from 'express';
import { DocumentBody } from '../../common/body.guard.js';
import { AdminAccess } from '../../auth/access.decorator.js';
import { Actor } from '../../auth/principal.decorator.js';
import { type AdminPrincipal } from '../../auth/principal.js';
import { Reply } from '../../projects/answers/reply.js';
import { WriteReplies } from '../../projects/answers/write-replies.js';
import { AdminApi, ApiProblems, WRITE_HEADERS } from '../../projects/api.decorators.js';
import { IF_MATCH_HEADER, IfMatch, IfMatchHeader } from '../if-match.js';
import { ExportDocument } from './export.document.js';
import { ImportAnswer } from './import.answer.js';
import { ImportRequest } from './import.request.js';
import { ProjectExport } from './project-export.js';
import { ProjectImport } from './project-import.js';

const CURSORS = 'Cursors in double quotes: each must be the present one of an environment of the project.';

/** A project on its way to another place. */
@AdminApi('Projects')
@Controller('api/projects/:project')
export class TransferController {
  constructor(
    private readonly projectExport: ProjectExport,
    private readonly projectImport: ProjectImport,
    private readonly replies: WriteReplies,
  ) {}

  @Get('export')
  @ApiOperation({ summary: 'The whole project as one document: environments, flags, settings; no keys and no tokens' })
  // The document is whole or not there: a token for some environments would get one that looks whole.
  @AdminAccess('viewer', { projectWide: true })
  @ApiOkResponse({ type: ExportDocument })
  async export(@Param('project') project: string): Promise<Reply<ExportDocument>> {
    return new Reply(await this.projectExport.document(project), { 'Cache-Control': 'no-store' });
  }

  @Post('import')
  @HttpCode(200)
  @ApiOperation({ summary: 'Take an export, or a flagd document, in: one revision in each environment, all or nothing' })
  // Flags are the project's: a document of them concerns all of its environments.
  @AdminAccess('editor', { projectWide: true })
  @DocumentBody()
  @ApiHeader({ ...IF_MATCH_HEADER, description: CURSORS })
  @ApiBody({ type: ExportDocument })
  @ApiOkResponse({ type: ImportAnswer, headers: WRITE_HEADERS })
  @ApiProblems(409, 412)
  async import(
    @Param('project') project: string,
    @Query() query: ImportRequest,
    // As it came: it may be of two kinds, and is checked flag by flag.
    @Req() { body }: Request,
    @IfMatchHeader() ifMatch: IfMatch,
    @Actor() actor: AdminPrincipal,
  ): Promise<Reply<ImportAnswer>> {
    const { value, covered } = await this.projectImport.run({ project, query, ifMatch, actor }, body);
    return this.replies.reply(value, covered);
  }
}
