import { Injectable } from '@nestjs/common';
import { type Cursor } from '@flagwire/protocol/sync';
import { type EntityManager } from 'typeorm';
import { type Appended, ChangeLog, cursorOf } from '../changes/change-log.js';
import { type FlagContent, type HeldFlag } from '../changes/change-set.js';
import { type EnvironmentHead } from '../changes/environment-head.entity.js';
import { Database } from '../database/database.js';
import { type Covered } from '../projects/answers/write-replies.js';
import { type Environment } from '../projects/environment.entity.js';
import { type Project } from '../projects/project.entity.js';
import { Projects } from '../projects/projects.js';

/** What a write made, and where the logs that it covers stand after it. */
export interface Written<T> {
  readonly value: T;
  readonly covered: readonly Covered[];
}

/**
 * A write under way: the project and the heads of all environments that it covers are locked, nothing has been read yet.
 * Whoever gets one reads, checks If-Match, validates, stores, and appends what shall be different.
 */
export class FlagWrite {
  constructor(
    readonly manager: EntityManager,
    readonly project: Project,
    readonly environments: readonly Environment[],
    private readonly log: ChangeLog,
    private readonly heads: ReadonlyMap<string, EnvironmentHead>,
  ) {}

  /** Where the environment's log stands now. */
  cursor(environment: Environment): Cursor {
    return cursorOf(this.head(environment));
  }

  held(environment: Environment, flagIds: readonly string[]): Promise<Map<string, HeldFlag>> {
    return this.log.held(this.manager, environment.id, flagIds);
  }

  /** @param flags by id; null: the flag shall not be there. @param held of all of them, where that was read. */
  append(
    environment: Environment,
    flags: ReadonlyMap<string, FlagContent | null>,
    actor: string,
    comment: string | null = null,
    held?: ReadonlyMap<string, HeldFlag>,
  ): Promise<Appended> {
    return this.log.append(this.manager, this.head(environment), { flags, actor, comment, held });
  }

  covered(): Covered[] {
    return this.environments.map((environment) => ({ environment, cursor: this.cursor(environment) }));
  }

  private head(environment: Environment): EnvironmentHead {
    const head = this.heads.get(environment.id);
    if (head === undefined) throw new TypeError(`The write does not cover the environment ${environment.key}`);
    return head;
  }
}

/** Opens writes, in the order of locks that makes revision order commit order. */
@Injectable()
export class FlagWrites {
  constructor(
    private readonly database: Database,
    private readonly projects: Projects,
    private readonly log: ChangeLog,
  ) {}

  /** A write that may change every environment of the project; no other write of the project runs meanwhile. */
  everywhere<T>(projectKey: string, work: (write: FlagWrite) => Promise<T>): Promise<Written<T>> {
    return this.database.write(async (manager) => {
      const project = await this.projects.lock(manager, projectKey, 'update');
      const write = await this.begin(manager, project, await this.projects.environments(manager, project));
      return { value: await work(write), covered: write.covered() };
    });
  }

  /** A write that changes one environment. */
  inEnvironment<T>(
    projectKey: string,
    key: string,
    work: (write: FlagWrite, environment: Environment) => Promise<T>,
  ): Promise<Written<T>> {
    return this.database.write(async (manager) => {
      const project = await this.projects.lock(manager, projectKey, 'share');
      const environment = await this.projects.environment(manager, project, key);
      const write = await this.begin(manager, project, [environment]);
      return { value: await work(write, environment), covered: write.covered() };
    });
  }

  /** Locks the heads, in a transaction that has locked the project. */
  async begin(manager: EntityManager, project: Project, environments: readonly Environment[]): Promise<FlagWrite> {
    const ids = environments.map(({ id }) => id);
    return new FlagWrite(manager, project, environments, this.log, await this.log.lockHeads(manager, ids));
  }
}
