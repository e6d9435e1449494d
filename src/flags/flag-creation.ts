import { randomUUID } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { Clock, isoTime } from '../common/clock.js';
import { Conflict } from '../common/errors.js';
import { changedFlag, type CheckedFlag, checkNewFlag } from './flag-checks.js';
import { type FlagAnswer } from './flag.answer.js';
import { FlagAnswers } from './flag-answers.js';
import { FlagQuota } from './flag-quota.js';
import { type FlagSetting } from './flag-setting.entity.js';
import { Flag } from './flag.entity.js';
import { archived } from './flag-edits.js';
import { flagByKey, storeSettings } from './flag-rows.js';
import { type FlagWrite, FlagWrites, type Written } from './flag-writes.js';
import { type Draft } from './requests/draft.js';
import { type CreateFlagRequest } from './requests/flag.request.js';
import { changedSetting, type Setting, toWire, UNSET } from './setting.js';

/** Makes flags. */
@Injectable()
export class FlagCreation {
  constructor(
    private readonly writes: FlagWrites,
    private readonly answers: FlagAnswers,
    private readonly clock: Clock,
    private readonly quota: FlagQuota,
  ) {}

  /** @throws NotFound, InvalidInput, Conflict where the id is taken */
  create(projectKey: string, draft: Draft<CreateFlagRequest>, actor: string): Promise<Written<FlagAnswer>> {
    return this.writes.everywhere(projectKey, async (write) => {
      const keys = write.environments.map(({ key }) => key);
      const flag = await this.insert(write, await checkNewFlag(draft, keys), actor);
      return this.answers.one(write.manager, flag, write.environments);
    });
  }

  /** The new flag, in a write that covers all environments of the project. */
  async insert(write: FlagWrite, { request, settings }: CheckedFlag, actor: string): Promise<Flag> {
    const taken = await flagByKey(write.manager, write.project, request.id);
    if (taken !== undefined) {
      throw taken.archivedAt === null
        ? new Conflict('flag_exists', `There already is a flag ${JSON.stringify(taken.key)}`)
        : archived(taken);
    }
    await this.quota.refuseMore(write, 1);
    const flag = newFlag(write.project.id, request, isoTime(this.clock.now()));
    await write.manager.insert<object>(Flag, flag);

    const rows: FlagSetting[] = [];
    for (const environment of write.environments) {
      const named = settings.get(environment.key);
      const setting: Setting = named === undefined ? UNSET : changedSetting(UNSET, named);
      if (named !== undefined) rows.push({ flagId: flag.id, environmentId: environment.id, ...setting });
      await write.append(environment, new Map([[flag.key, toWire(flag, setting)]]), actor);
    }
    await storeSettings(write.manager, rows);
    return flag;
  }
}

/** A flag that is not there yet, at version 1. @param now RFC 3339. */
export function newFlag(projectId: string, request: CreateFlagRequest, now: string): Flag {
  const blank: Flag = {
    id: randomUUID(),
    projectId,
    key: request.id,
    name: request.name,
    description: '',
    valueType: request.value_type,
    variants: {},
    defaultVariant: null,
    tags: [],
    owner: null,
    critical: false,
    version: 1,
    createdAt: now,
    updatedAt: now,
    archivedAt: null,
  };
  const { description, variants, default_variant, tags, owner, critical } = request;
  return changedFlag(blank, {
    variants,
    ...(description !== undefined && { description }),
    ...(default_variant !== undefined && { default_variant }),
    ...(tags !== undefined && { tags }),
    ...(owner !== undefined && { owner }),
    ...(critical !== undefined && { critical }),
  });
}
