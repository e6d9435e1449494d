import { Controller, Get, Query } from '@nestjs/common';
import { ApiOperation } from '@nestjs/swagger';
import { type AuditRecord, type Page } from '@flagwire/protocol/admin';
import { AdminAccess } from '../auth/access.decorator.js';
import { checkProject } from '../auth/admin-scope.js';
import { AuditTrail } from '../auth/audit/audit-trail.js';
import { Actor } from '../auth/principal.decorator.js';
import { type AdminPrincipal } from '../auth/principal.js';
import { Database } from '../database/database.js';
import { AuditRecordAnswer } from './answers/audit.answer.js';
import { AdminApi, ApiPage } from './api.decorators.js';
import { Projects } from './projects.js';
import { AuditRequest } from './requests/audit.request.js';
import { limitOf } from './requests/page.request.js';

/** What was done to anything but flags. Shows who may do what, and from where: for admins. */
@AdminApi('Audit')
@Controller('api/audit')
export class AuditController {
  constructor(
    private readonly database: Database,
    private readonly projects: Projects,
    private readonly trail: AuditTrail,
  ) {}

  @Get()
  @ApiOperation({ summary: 'The audit trail of everything that is not a flag change, oldest first' })
  @AdminAccess('admin', { keepsToScope: true, projectWide: true })
  @ApiPage(AuditRecordAnswer)
  list(@Query() query: AuditRequest, @Actor() actor: AdminPrincipal): Promise<Page<AuditRecord>> {
    const { project: projectKey, after } = query;
    if (projectKey !== undefined) checkProject(actor, projectKey);
    return this.database.read(async (manager) => {
      // Not by its key alone: an earlier project of that key is none of this token's business.
      const own = actor.projectKey === null ? null : await this.projects.find(manager, actor.projectKey);
      const where = {
        ...(projectKey !== undefined && { projectKey }),
        ...(own !== null && { projectKey: own.key, projectId: own.id }),
      };
      return this.trail.page(manager, where, Number(after ?? 0), limitOf(query));
    });
  }
}
