import { Injectable } from '@nestjs/common';
import { And, Equal, type EntityManager, In, MoreThan } from 'typeorm';
import { EnvironmentHead } from '../changes/environment-head.entity.js';
import { Database } from '../database/database.js';
import { type EnvironmentAtHead } from './environment-records.js';
import { Environment } from './environment.entity.js';
import { Projects } from './projects.js';

/** Environments with where their logs stand, as the database has them at one moment. */
@Injectable()
export class EnvironmentReads {
  constructor(
    private readonly database: Database,
    private readonly projects: Projects,
  ) {}

  /** Up to `limit` after a key, ascending; with `only`, none but those. */
  after(projectKey: string, after: string, limit: number, only: readonly string[] | null): Promise<EnvironmentAtHead[]> {
    return this.database.snapshot(async (manager) => {
      const project = await this.projects.find(manager, projectKey);
      const key = only === null ? MoreThan(after) : And(MoreThan(after), In(only));
      const where = { projectId: Equal(project.id), key };
      return this.atHead(manager, await manager.find(Environment, { where, order: { key: 'ASC' }, take: limit }));
    });
  }

  one(projectKey: string, key: string): Promise<EnvironmentAtHead> {
    return this.database.snapshot(async (manager) => {
      const environment = await this.projects.environment(manager, await this.projects.find(manager, projectKey), key);
      return { environment, head: await manager.findOneByOrFail(EnvironmentHead, { environmentId: environment.id }) };
    });
  }

  private async atHead(manager: EntityManager, environments: readonly Environment[]): Promise<EnvironmentAtHead[]> {
    const found = await manager.findBy(EnvironmentHead, { environmentId: In(environments.map(({ id }) => id)) });
    const heads = new Map(found.map((head) => [head.environmentId, head]));
    return environments.flatMap((environment) => {
      const head = heads.get(environment.id);
      return head === undefined ? [] : [{ environment, head }];
    });
  }
}
