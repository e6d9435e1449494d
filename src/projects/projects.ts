import { isKey } from '@flagwire/protocol/admin';
import { Injectable } from '@nestjs/common';
import { And, type EntityManager, Equal, MoreThan } from 'typeorm';
import { NotFound } from '../common/errors.js';
import { Database } from '../database/database.js';
import { Lookup } from '../database/lookup.js';
import { Environment } from './environment.entity.js';
import { Project } from './project.entity.js';

const PROJECTS = new Lookup(Project, 'key');
const ENVIRONMENTS = new Lookup(Environment, 'projectId', 'key');

/** Finds projects and environments. What is not there throws NotFound. */
@Injectable()
export class Projects {
  constructor(private readonly database: Database) {}

  /**
   * The first step of every write: `update` for what concerns all environments, `share` for what concerns one. Held until
   * the transaction ends, so that the project's environments and flags stay the same for it.
   */
  async lock(manager: EntityManager, key: string, strength: 'share' | 'update'): Promise<Project> {
    if (!isKey(key)) throw new NotFound('project', key);
    const lock = this.database.lockClause(strength === 'update' ? 'UPDATE' : 'SHARE');
    const [project] = await PROJECTS.find(manager, [key], lock);
    if (project === undefined) throw new NotFound('project', key);
    return project;
  }

  async find(manager: EntityManager, key: string): Promise<Project> {
    const project = await this.findOrNull(manager, key);
    if (project === null) throw new NotFound('project', key);
    return project;
  }

  /** Null where there is none. */
  async findOrNull(manager: EntityManager, key: string): Promise<Project | null> {
    // Whatever else a path holds, a NUL for one, never reaches the database.
    return isKey(key) ? manager.findOneBy(Project, { key }) : null;
  }

  /** By key, ascending. */
  environments(manager: EntityManager, project: Project): Promise<Environment[]> {
    return manager.find(Environment, { where: { projectId: project.id }, order: { key: 'ASC' } });
  }

  async environment(manager: EntityManager, project: Project, key: string): Promise<Environment> {
    const [environment] = isKey(key) ? await ENVIRONMENTS.find(manager, [project.id, key]) : [];
    if (environment === undefined) throw new NotFound('environment', key);
    return environment;
  }

  /** Up to `limit` projects after a key; with `only`, none but that one. */
  projectsAfter(manager: EntityManager, after: string, limit: number, only: string | null): Promise<Project[]> {
    const key = only === null ? MoreThan(after) : And(MoreThan(after), Equal(only));
    return manager.find(Project, { where: { key }, order: { key: 'ASC' }, take: limit });
  }
}
