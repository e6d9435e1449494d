import { Controller, Get, Param } from '@nestjs/common';
import { ApiOkResponse, ApiOperation } from '@nestjs/swagger';
import { AdminAccess } from '../../auth/access.decorator.js';
import { Reply } from '../../projects/answers/reply.js';
import { AdminApi } from '../../projects/api.decorators.js';
import { ExportDocument } from './export.document.js';
import { ProjectExport } from './project-export.js';

/** A project on its way to another place. */
@AdminApi('Projects')
@Controller('api/projects/:project')
export class TransferController {
  constructor(private readonly projectExport: ProjectExport) {}

  @Get('export')
  @ApiOperation({ summary: 'The whole project as one document: environments, flags, settings; no keys and no tokens' })
  // The document is whole or not there: a token for some environments would get one that looks whole.
  @AdminAccess('viewer', { projectWide: true })
  @ApiOkResponse({ type: ExportDocument })
  async export(@Param('project') project: string): Promise<Reply<ExportDocument>> {
    return new Reply(await this.projectExport.document(project), { 'Cache-Control': 'no-store' });
  }
}
