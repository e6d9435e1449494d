import { Injectable } from '@nestjs/common';
import { type ChangeSetAnswer, type FlagSettings } from '@flagwire/protocol/admin';
import { type FlagDefinition } from '@flagwire/protocol/sync';
import { type Appended } from '../changes/change-log.js';
import { type FlagContent, type HeldFlag } from '../changes/change-set.js';
import { VersionConflict } from '../common/errors.js';
import { type Environment } from '../projects/environment.entity.js';
import { changeSetAnswer } from './change.answer.js';
import { checkChangeSet, refuseArchived } from './change-set-checks.js';
import { checkSettings, settingsOf } from './flag-checks.js';
import { archived, type FlagTarget } from './flag-edits.js';
import { type FlagSetting } from './flag-setting.entity.js';
import { type Flag } from './flag.entity.js';
import { flagsByKey, mustFindFlag, settingOf, settingsOfFlags, storeSettings } from './flag-rows.js';
import { type FlagWrite, FlagWrites, type Written } from './flag-writes.js';
import { type IfMatch, refuseOtherCursor } from './if-match.js';
import { type ChangeSetRequest } from './requests/change-set.request.js';
import { type Draft, refuse } from './requests/draft.js';
import { type FlagSettingsRequest } from './requests/flag-settings.request.js';
import { changedSetting, toWire } from './setting.js';

/** What a flag shall be set to. */
interface SettingEdit {
  flag: Flag;
  settings: FlagSettings;
}

interface Edits {
  edits: readonly SettingEdit[];
  /** What the log holds of all of their flags. */
  held: ReadonlyMap<string, HeldFlag>;
  actor: string;
  comment: string | null;
}

/** Writes of what flags are set to in one environment: each is one transaction and one revision at most. */
@Injectable()
export class SettingEdits {
  constructor(private readonly writes: FlagWrites) {}

  /** @throws NotFound, VersionConflict, Conflict (archived), InvalidInput */
  edit(target: FlagTarget & { environment: string }, draft: Draft<FlagSettingsRequest>): Promise<Written<FlagDefinition>> {
    return this.writes.inEnvironment(target.project, target.environment, async (write, environment) => {
      const flag = await mustFindFlag(write.manager, write.project, target.flag);
      const present = await write.held(environment, [flag.key]);
      const held = present.get(flag.key);
      if (held !== undefined && !target.ifMatch.allows(String(held.version))) {
        const message = `The flag is at version ${held.version} in ${environment.key}; nothing was written`;
        throw new VersionConflict(message, { current: held.definition });
      }
      if (flag.archivedAt !== null) throw archived(flag);
      refuse([...draft.mistakes, ...checkSettings(draft.fields, flag, '')]);
      const edits = [{ flag, settings: settingsOf(draft.fields) }];
      const { changes } = await this.apply(write, environment, { edits, held: present, actor: target.actor, comment: null });
      const definition = changes[0]?.after ?? held?.definition;
      // Every flag that is not archived is in every environment.
      if (definition === undefined || definition === null) throw new TypeError(`${environment.key} does not hold ${flag.key}`);
      return definition;
    });
  }

  /**
   * All of the changes as one revision, or none.
   * @throws NotFound, VersionConflict (If-Match, or a version), InvalidInput, Conflict (archived)
   */
  changeSet(
    target: { project: string; environment: string; ifMatch: IfMatch; actor: string },
    draft: Draft<ChangeSetRequest>,
  ): Promise<Written<ChangeSetAnswer>> {
    return this.writes.inEnvironment(target.project, target.environment, async (write, environment) => {
      refuseOtherCursor(target.ifMatch, environment, write.cursor(environment));
      const ids = (draft.fields.changes ?? []).flatMap((entry) => idOf(entry) ?? []);
      const flags = await flagsByKey(write.manager, write.project, ids);
      const held = await write.held(environment, [...flags.keys()]);
      const changes = await checkChangeSet(draft, flags, held);
      refuseArchived(changes.map(({ flag }) => flag));
      const edits = changes.map(({ flag, fields }) => ({ flag, settings: settingsOf(fields) }));
      const { actor } = target;
      return changeSetAnswer(await this.apply(write, environment, { edits, held, actor, comment: draft.fields.comment ?? null }));
    });
  }

  private async apply(write: FlagWrite, environment: Environment, { edits, held, actor, comment }: Edits): Promise<Appended> {
    const flags = edits.map(({ flag }) => flag);
    const present = await settingsOfFlags(write.manager, flags, [environment]);
    const rows: FlagSetting[] = [];
    const wanted = new Map<string, FlagContent>();
    for (const { flag, settings } of edits) {
      const setting = changedSetting(settingOf(present, environment, flag), settings);
      rows.push({ ...setting, flagId: flag.id, environmentId: environment.id });
      wanted.set(flag.key, toWire(flag, setting));
    }
    await storeSettings(write.manager, rows);
    return write.append(environment, wanted, actor, comment, held);
  }
}

function idOf(entry: unknown): string | undefined {
  const { flag } = (entry ?? {}) as { flag?: unknown };
  return typeof flag === 'string' ? flag : undefined;
}
