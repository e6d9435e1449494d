import { Injectable } from '@nestjs/common';
import { type FlagDefinition } from '@flagwire/protocol/sync';
import { type EntityManager, type SelectQueryBuilder } from 'typeorm';
import { type AdminPrincipal } from '../auth/principal.js';
import { ChangeLog } from '../changes/change-log.js';
import { NotFound } from '../common/errors.js';
import { Database } from '../database/database.js';
import { type Environment } from '../projects/environment.entity.js';
import { type Project } from '../projects/project.entity.js';
import { Projects } from '../projects/projects.js';
import { type FlagAnswer } from './flag.answer.js';
import { FlagAnswers } from './flag-answers.js';
import { Flag } from './flag.entity.js';
import { mustFindFlag } from './flag-rows.js';
import { type FlagListRequest } from './requests/flag-list.request.js';

/** What a token may see: settings of other environments are left out of answers. */
type Viewer = Pick<AdminPrincipal, 'environmentKeys'>;

/** True for a flag that has the status in an environment; where nothing is set it is disabled. */
const HAS_STATUS = `EXISTS (
  SELECT 1 FROM environment e LEFT JOIN flag_setting s ON s.environment_id = e.id AND s.flag_id = flag.id
  WHERE e.id IN (:...visible) AND COALESCE(s.status, 'disabled') = :status)`;
/** Flags looked at in one query while a text is searched for. */
const SEARCH_PAGE = 500;

/** Reads of flags, as the database has them at one moment. */
@Injectable()
export class FlagReads {
  constructor(
    private readonly database: Database,
    private readonly projects: Projects,
    private readonly answers: FlagAnswers,
    private readonly log: ChangeLog,
  ) {}

  /** Up to `limit` flags by id, ascending. */
  list(projectKey: string, query: FlagListRequest, limit: number, viewer: Viewer): Promise<FlagAnswer[]> {
    return this.database.snapshot(async (manager) => {
      const project = await this.projects.find(manager, projectKey);
      const visible = await this.visible(manager, project, viewer);
      const flags = await this.found(manager, project, query, limit, visible);
      return this.answers.of(manager, flags, visible);
    });
  }

  one(projectKey: string, flagKey: string, viewer: Viewer): Promise<FlagAnswer> {
    return this.database.snapshot(async (manager) => {
      const project = await this.projects.find(manager, projectKey);
      const flag = await mustFindFlag(manager, project, flagKey);
      return this.answers.one(manager, flag, await this.visible(manager, project, viewer));
    });
  }

  /** @throws NotFound where the flag is archived too: no client of the environment has it. */
  definition(projectKey: string, key: string, flagKey: string): Promise<FlagDefinition> {
    return this.database.snapshot(async (manager) => {
      const project = await this.projects.find(manager, projectKey);
      const environment = await this.projects.environment(manager, project, key);
      const flag = await mustFindFlag(manager, project, flagKey);
      const { definition } = (await this.log.held(manager, environment.id, [flag.key])).get(flag.key) ?? {};
      if (definition === undefined || definition === null) throw new NotFound('flag', flagKey);
      return definition;
    });
  }

  private async visible(manager: EntityManager, project: Project, { environmentKeys }: Viewer): Promise<Environment[]> {
    const environments = await this.projects.environments(manager, project);
    return environmentKeys === null ? environments : environments.filter(({ key }) => environmentKeys.includes(key));
  }

  /** Texts are compared here: the databases do not agree on what the lower case of a letter is. */
  private async found(
    manager: EntityManager,
    project: Project,
    query: FlagListRequest,
    limit: number,
    visible: Environment[],
  ): Promise<Flag[]> {
    const { search } = query;
    if (search === undefined) return this.matching(manager, project, query, visible).limit(limit).getMany();
    const found: Flag[] = [];
    let after = query.after;
    for (;;) {
      const from = { ...query, ...(after !== undefined && { after }) };
      const page = await this.matching(manager, project, from, visible).limit(SEARCH_PAGE).getMany();
      found.push(...page.filter((flag) => hasText(flag, search)));
      if (page.length < SEARCH_PAGE || found.length >= limit) return found.slice(0, limit);
      after = page.at(-1)?.key;
    }
  }

  private matching(
    manager: EntityManager,
    project: Project,
    query: FlagListRequest,
    visible: Environment[],
  ): SelectQueryBuilder<Flag> {
    const { after = '', tag, status, archived } = query;
    const flags = manager
      .createQueryBuilder(Flag, 'flag')
      .where('flag.project_id = :projectId AND flag.key > :after', { projectId: project.id, after })
      .andWhere(archived === 'true' ? 'flag.archived_at IS NOT NULL' : 'flag.archived_at IS NULL')
      .orderBy('flag.key');
    if (tag !== undefined) {
      const has = this.database.dialect === 'postgres' ? POSTGRES_HAS_TAG : SQLITE_HAS_TAG;
      flags.andWhere(has, { tag });
    }
    if (status === undefined) return flags;
    if (visible.length === 0) return flags.andWhere('1 = 0');
    flags.andWhere(HAS_STATUS, { status, visible: visible.map(({ id }) => id) });
    return flags;
  }
}

function hasText({ key, name, description }: Flag, text: string): boolean {
  return [key, name, description].some((field) => field.toLowerCase().includes(text.toLowerCase()));
}

const POSTGRES_HAS_TAG = 'jsonb_exists(flag.tags::jsonb, :tag)';
const SQLITE_HAS_TAG = 'EXISTS (SELECT 1 FROM json_each(flag.tags) WHERE json_each.value = :tag)';
