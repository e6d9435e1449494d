import { Injectable } from '@nestjs/common';
import { type EntityManager } from 'typeorm';
import { AuditTrail } from '../../auth/audit/audit-trail.js';
import { Database } from '../../database/database.js';
import { Projects } from '../../projects/projects.js';
import { FlagAnswers } from '../flag-answers.js';
import { Flag } from '../flag.entity.js';
import { type ExportDocument, type ExportedFlag } from './export.document.js';

/** Flags read at once: the process answers others in between. */
const PAGE = 500;

/** A project as one document: no keys, no tokens, nothing that belongs to the server alone. */
@Injectable()
export class ProjectExport {
  constructor(
    private readonly database: Database,
    private readonly projects: Projects,
    private readonly answers: FlagAnswers,
    private readonly audit: AuditTrail,
  ) {}

  /** The project at one moment, by key and id, ascending: the same project gives the same document. */
  async document(projectKey: string): Promise<Required<ExportDocument>> {
    const { project, document } = await this.database.snapshot(async (manager) => {
      const found = await this.projects.find(manager, projectKey);
      const environments = await this.projects.environments(manager, found);
      const flags: ExportedFlag[] = [];
      for (let page = await this.page(manager, found.id, ''); page.length > 0;) {
        for (const answer of await this.answers.of(manager, page, environments)) flags.push(exported(answer));
        page = await this.page(manager, found.id, page.at(-1)?.key ?? '');
      }
      const named = environments.map(({ key, name }) => ({ key, name }));
      const whole: Required<ExportDocument> = {
        format: 'flagwire',
        version: 1,
        project: { key: found.key, name: found.name },
        environments: named,
        flags,
      };
      return { project: found, document: whole };
    });
    const details = { environments: document.environments.length, flags: document.flags.length };
    await this.database.write((manager) =>
      this.audit.record(manager, { action: 'project.exported', target: project.key, project, details }),
    );
    return document;
  }

  private page(manager: EntityManager, projectId: string, after: string): Promise<Flag[]> {
    return manager
      .createQueryBuilder(Flag, 'flag')
      .where('flag.project_id = :projectId AND flag.key > :after', { projectId, after })
      .orderBy('flag.key')
      .limit(PAGE)
      .getMany();
  }
}

function exported(answer: Awaited<ReturnType<FlagAnswers['one']>>): ExportedFlag {
  const { version: _version, created_at: _created, updated_at: _updated, archived_at, environments, ...fields } = answer;
  const settings = Object.entries(environments).map(([key, { version: _of, ...setting }]) => [key, setting] as const);
  return { ...fields, archived: archived_at !== null, environments: Object.fromEntries(settings) };
}
