import { randomUUID } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { type EntityManager, In } from 'typeorm';
import { AdminTokens } from '../auth/admin-tokens.js';
import { ChangeLog } from '../changes/change-log.js';
import { type EnvironmentHead } from '../changes/environment-head.entity.js';
import { WakeUps } from '../changes/wake-ups.js';
import { Clock, isoTime } from '../common/clock.js';
import { Conflict } from '../common/errors.js';
import { EnvironmentSeeds } from './environment-seeds.js';
import { Environment } from './environment.entity.js';
import { type Project } from './project.entity.js';

/** An environment and where its log stands. */
export interface EnvironmentAtHead {
  environment: Environment;
  head: EnvironmentHead;
}

/** Makes and deletes environments, inside the caller's transaction, in which the project's row is locked for update. */
@Injectable()
export class EnvironmentRecords {
  constructor(
    private readonly log: ChangeLog,
    private readonly wakeUps: WakeUps,
    private readonly seeds: EnvironmentSeeds,
    private readonly clock: Clock,
    private readonly tokens: AdminTokens,
  ) {}

  /**
   * A new environment at revision 0 of its own history, with every flag of the project in it.
   * @throws Conflict where the key is taken.
   */
  async add(manager: EntityManager, project: Project, key: string, name: string): Promise<EnvironmentAtHead> {
    if (await manager.existsBy(Environment, { projectId: project.id, key })) {
      throw new Conflict('environment_exists', `The project already has an environment ${JSON.stringify(key)}`);
    }
    const now = isoTime(this.clock.now());
    const environment = manager.create(Environment, {
      id: randomUUID(),
      projectId: project.id,
      key,
      name,
      createdAt: now,
      updatedAt: now,
    });
    await manager.insert(Environment, environment);
    const head = await this.log.begin(manager, environment.id);
    await this.log.seed(manager, head, await this.seeds.contents(manager, project.id));
    return { environment, head };
  }

  /** Log, states, settings and keys go with the rows: foreign keys cascade. */
  async remove(manager: EntityManager, environments: readonly Environment[]): Promise<void> {
    const ids = environments.map(({ id }) => id);
    // Writers of these logs have finished, and those to come find nothing.
    await this.log.lockHeads(manager, ids);
    await manager.delete(Environment, { id: In(ids) });
    for (const { projectId, key } of environments) await this.tokens.forgetEnvironment(manager, projectId, key);
    for (const id of ids) await this.wakeUps.announce(manager, id);
  }
}
