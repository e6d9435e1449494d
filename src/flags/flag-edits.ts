import { isDeepStrictEqual } from 'node:util';
import { Injectable } from '@nestjs/common';
import { Clock, isoTime } from '../common/clock.js';
import { Conflict, VersionConflict } from '../common/errors.js';
import { changedFlag, checkEdit } from './flag-checks.js';
import { type FlagAnswer } from './flag.answer.js';
import { FlagAnswers } from './flag-answers.js';
import { Flag } from './flag.entity.js';
import { mustFindFlag, settingOf, type Settings, settingsOfFlags } from './flag-rows.js';
import { type FlagWrite, FlagWrites, type Written } from './flag-writes.js';
import { type IfMatch } from './if-match.js';
import { type Draft } from './requests/draft.js';
import { type EditFlagRequest } from './requests/flag.request.js';
import { toWire } from './setting.js';

/** What a write of a flag says: which one, on what condition, and who. */
export interface FlagTarget {
  readonly project: string;
  readonly flag: string;
  readonly ifMatch: IfMatch;
  readonly actor: string;
}

/** Writes of a flag as a whole: each is one transaction, and one revision in every environment that it changes. */
@Injectable()
export class FlagEdits {
  constructor(
    private readonly writes: FlagWrites,
    private readonly answers: FlagAnswers,
    private readonly clock: Clock,
  ) {}

  /**
   * Changes what the flag is in all environments.
   * @throws NotFound, VersionConflict, Conflict (archived, a variant in use), InvalidInput
   */
  edit(target: FlagTarget, draft: Draft<EditFlagRequest>): Promise<Written<FlagAnswer>> {
    return this.change(target, async (flag, write, settings) => {
      if (flag.archivedAt !== null) throw archived(flag);
      const named = write.environments.map((environment) => [environment.key, settingOf(settings, environment, flag)] as const);
      await checkEdit(flag, draft, new Map(named));
      return changedFlag(flag, draft.fields);
    });
  }

  /** Takes the flag out of all environments; done twice it is done once. */
  archive(target: FlagTarget): Promise<Written<FlagAnswer>> {
    return this.change(target, (flag) => ({ ...flag, archivedAt: flag.archivedAt ?? isoTime(this.clock.now()) }));
  }

  /** Brings an archived flag back as it was; its versions go on. */
  restore(target: FlagTarget): Promise<Written<FlagAnswer>> {
    return this.change(target, (flag) => ({ ...flag, archivedAt: null }));
  }

  private change(
    { project, flag: key, ifMatch, actor }: FlagTarget,
    next: (flag: Flag, write: FlagWrite, settings: Settings) => Flag | Promise<Flag>,
  ): Promise<Written<FlagAnswer>> {
    return this.writes.everywhere(project, async (write) => {
      const before = await mustFindFlag(write.manager, write.project, key);
      if (!ifMatch.allows(String(before.version))) {
        const current = await this.answers.one(write.manager, before, write.environments);
        throw new VersionConflict(`The flag is at version ${before.version}; nothing was written`, { current });
      }
      const settings = await settingsOfFlags(write.manager, [before], write.environments);
      const after = await next({ ...before }, write, settings);
      if (isDeepStrictEqual(after, { ...before })) return this.answers.one(write.manager, before, write.environments);

      const { id, ...changed } = { ...after, version: before.version + 1, updatedAt: isoTime(this.clock.now()) };
      await write.manager.update<object>(Flag, { id }, changed);
      for (const environment of write.environments) {
        const content = after.archivedAt === null ? toWire(after, settingOf(settings, environment, after)) : null;
        await write.append(environment, new Map([[key, content]]), actor);
      }
      return this.answers.one(write.manager, { id, ...changed }, write.environments);
    });
  }
}

/** An archived flag cannot be changed. */
export function archived({ key }: Flag): Conflict {
  return new Conflict(
    'flag_archived',
    `The flag ${JSON.stringify(key)} is archived: restore it first (POST …/flags/${key}/restore)`,
  );
}
