import { randomUUID } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { type EntityManager } from 'typeorm';
import { AuditTrail } from '../auth/audit/audit-trail.js';
import { Clock, isoTime } from '../common/clock.js';
import { Conflict } from '../common/errors.js';
import { Database } from '../database/database.js';
import { isUniqueViolation } from '../database/failures.js';
import { EnvironmentRecords } from './environment-records.js';
import { Project } from './project.entity.js';
import { Projects } from './projects.js';
import { type CreateNamedRequest, type RenameRequest } from './requests/named.request.js';

/** Writes of projects. Each is one transaction. */
@Injectable()
export class ProjectEdits {
  constructor(
    private readonly database: Database,
    private readonly projects: Projects,
    private readonly environments: EnvironmentRecords,
    private readonly clock: Clock,
    private readonly audit: AuditTrail,
  ) {}

  /** @throws Conflict where the key is taken. */
  async create({ key, name }: CreateNamedRequest): Promise<Project> {
    try {
      return await this.database.write((manager) => this.insert(manager, key, name));
    } catch (error) {
      // Nothing is above a project that could be locked: two writers of one key meet in its unique index.
      if (isUniqueViolation(error)) throw new Conflict('project_exists', `There already is a project ${JSON.stringify(key)}`);
      throw error;
    }
  }

  /** The new row, in the caller's transaction. */
  async insert(manager: EntityManager, key: string, name: string): Promise<Project> {
    const now = isoTime(this.clock.now());
    const project = manager.create(Project, { id: randomUUID(), key, name, createdAt: now, updatedAt: now });
    await manager.insert(Project, project);
    await this.audit.record(manager, { action: 'project.created', target: key, project, details: { name } });
    return project;
  }

  rename(key: string, { name }: RenameRequest): Promise<Project> {
    return this.database.write(async (manager) => {
      const project = await this.projects.lock(manager, key, 'update');
      if (name === undefined || name === project.name) return project;
      const details = { before: project.name, after: name };
      project.name = name;
      project.updatedAt = isoTime(this.clock.now());
      await manager.update(Project, { id: project.id }, { name, updatedAt: project.updatedAt });
      await this.audit.record(manager, { action: 'project.renamed', target: key, project, details });
      return project;
    });
  }

  /** With everything in it. */
  delete(key: string): Promise<void> {
    return this.database.write(async (manager) => {
      const project = await this.projects.lock(manager, key, 'update');
      const environments = await this.projects.environments(manager, project);
      await this.environments.remove(manager, environments);
      await manager.delete(Project, { id: project.id });
      const details = { name: project.name, environments: environments.map(({ key: environment }) => environment) };
      await this.audit.record(manager, { action: 'project.deleted', target: key, project, details });
    });
  }
}
