import { Injectable } from '@nestjs/common';
import { AuditTrail } from '../auth/audit/audit-trail.js';
import { EnvironmentHead } from '../changes/environment-head.entity.js';
import { Clock, isoTime } from '../common/clock.js';
import { Database } from '../database/database.js';
import { type EnvironmentAtHead, EnvironmentRecords } from './environment-records.js';
import { Environment } from './environment.entity.js';
import { Projects } from './projects.js';
import { type CreateNamedRequest, type RenameRequest } from './requests/named.request.js';

/** Writes of environments. Each is one transaction that begins with the project's row. */
@Injectable()
export class EnvironmentEdits {
  constructor(
    private readonly database: Database,
    private readonly projects: Projects,
    private readonly records: EnvironmentRecords,
    private readonly clock: Clock,
    private readonly audit: AuditTrail,
  ) {}

  create(projectKey: string, { key, name }: CreateNamedRequest): Promise<EnvironmentAtHead> {
    return this.database.write(async (manager) => {
      const project = await this.projects.lock(manager, projectKey, 'update');
      const made = await this.records.add(manager, project, key, name);
      const details = { name };
      await this.audit.record(manager, { action: 'environment.created', target: key, project, environment: key, details });
      return made;
    });
  }

  rename(projectKey: string, key: string, { name }: RenameRequest): Promise<EnvironmentAtHead> {
    return this.database.write(async (manager) => {
      const project = await this.projects.lock(manager, projectKey, 'update');
      const environment = await this.projects.environment(manager, project, key);
      if (name !== undefined && name !== environment.name) {
        const details = { before: environment.name, after: name };
        environment.name = name;
        environment.updatedAt = isoTime(this.clock.now());
        await manager.update(Environment, { id: environment.id }, { name, updatedAt: environment.updatedAt });
        await this.audit.record(manager, { action: 'environment.renamed', target: key, project, environment: key, details });
      }
      return { environment, head: await manager.findOneByOrFail(EnvironmentHead, { environmentId: environment.id }) };
    });
  }

  delete(projectKey: string, key: string): Promise<void> {
    return this.database.write(async (manager) => {
      const project = await this.projects.lock(manager, projectKey, 'update');
      const environment = await this.projects.environment(manager, project, key);
      await this.records.remove(manager, [environment]);
      const details = { name: environment.name };
      await this.audit.record(manager, { action: 'environment.deleted', target: key, project, environment: key, details });
    });
  }
}
