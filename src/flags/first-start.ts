import { Injectable } from '@nestjs/common';
import { AuditTrail } from '../auth/audit/audit-trail.js';
import { Database } from '../database/database.js';
import { EnvironmentRecords } from '../projects/environment-records.js';
import { type Environment } from '../projects/environment.entity.js';
import { ProjectEdits } from '../projects/project-edits.js';
import { Project } from '../projects/project.entity.js';
import { Demonstration, type FirstStartSecrets } from './demonstration.js';

const ENVIRONMENTS = [
  ['development', 'Development'],
  ['staging', 'Staging'],
  ['production', 'Production'],
] as const;

/** What a new database begins with. */
@Injectable()
export class FirstStart {
  constructor(
    private readonly database: Database,
    private readonly projects: ProjectEdits,
    private readonly environments: EnvironmentRecords,
    private readonly demonstration: Demonstration,
    private readonly audit: AuditTrail,
  ) {}

  /**
   * Where the database has no project, makes `default` with its environments, all in one transaction. Call it once the database is open.
   * Of nodes that start together one does it.
   * @param demonstrate whether a newcomer is to find a token, a flag and keys to try.
   * @returns what has to be shown now or never; null where there is nothing to show.
   */
  run(demonstrate: boolean): Promise<FirstStartSecrets | null> {
    return this.database.write(async (manager) => {
      // Held until the commit: the next node to get it finds the project. On SQLite there is one node.
      if (this.database.dialect === 'postgres') {
        await manager.query(`SELECT pg_advisory_xact_lock(hashtext('flagwire first start'))`);
      }
      if (await manager.exists(Project)) return null;
      const project = await this.projects.insert(manager, 'default', 'Default');
      const made: Environment[] = [];
      for (const [key, name] of ENVIRONMENTS) {
        made.push((await this.environments.add(manager, project, key, name)).environment);
        const details = { name };
        await this.audit.record(manager, { action: 'environment.created', target: key, project, environment: key, details });
      }
      return demonstrate ? this.demonstration.make(manager, project, made) : null;
    });
  }
}
