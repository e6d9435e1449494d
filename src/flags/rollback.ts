import { Injectable } from '@nestjs/common';
import { type ChangeSetAnswer } from '@flagwire/protocol/admin';
import { type FlagDefinition } from '@flagwire/protocol/sync';
import { ChangeHistory } from '../changes/change-history.js';
import { type FlagContent } from '../changes/change-set.js';
import { inTurns } from '../common/batches.js';
import { Conflict, InvalidInput, type Mistake } from '../common/errors.js';
import { type Environment } from '../projects/environment.entity.js';
import { changeSetAnswer } from './change.answer.js';
import { checkSettings } from './flag-checks.js';
import { type FlagSetting } from './flag-setting.entity.js';
import { type Flag } from './flag.entity.js';
import { flagsByKey, settingOf, settingsOfFlags, storeSettings } from './flag-rows.js';
import { type FlagWrite, FlagWrites, type Written } from './flag-writes.js';
import { type IfMatch, refuseOtherCursor } from './if-match.js';
import { settingServing, toWire } from './setting.js';

export interface RollbackTarget {
  readonly project: string;
  readonly environment: string;
  readonly toRevision: number;
  readonly ifMatch: IfMatch;
  readonly actor: string;
}

/** Puts the settings of an environment back to what they were: a change set like any other, one revision at most. */
@Injectable()
export class Rollback {
  constructor(
    private readonly writes: FlagWrites,
    private readonly history: ChangeHistory,
  ) {}

  /**
   * Restores status, default and targeting of flags that are there now and were there then.
   * @throws NotFound, VersionConflict, InvalidInput (ahead of the head), Conflict (does not fit today's variants)
   */
  run({ project, environment: key, toRevision, ifMatch, actor }: RollbackTarget): Promise<Written<ChangeSetAnswer>> {
    return this.writes.inEnvironment(project, key, async (write, environment) => {
      const head = write.cursor(environment);
      refuseOtherCursor(ifMatch, environment, head);
      if (toRevision > head.revision) {
        throw new InvalidInput([{ path: 'to_revision', message: `is ahead of the log: ${key} is at revision ${head.revision}` }]);
      }
      const then = await this.history.definitionsAt(write.manager, environment.id, head, toRevision);
      const flags = await this.present(write, then);
      const rows = await this.settingsThen(write, environment, flags, then);
      const wanted = new Map<string, FlagContent>();
      for (const [flag, row] of rows) wanted.set(flag.key, toWire(flag, row));
      await storeSettings(write.manager, [...rows.values()]);
      return changeSetAnswer(await write.append(environment, wanted, actor, `Rollback to revision ${toRevision}`));
    });
  }

  /** Of the flags that were there then, those that are not archived now. */
  private async present(write: FlagWrite, then: ReadonlyMap<string, FlagDefinition | null>): Promise<Flag[]> {
    const keys = [...then].filter(([, definition]) => definition !== null).map(([id]) => id);
    const flags = await flagsByKey(write.manager, write.project, keys);
    return [...flags.values()].filter(({ archivedAt }) => archivedAt === null);
  }

  private async settingsThen(
    write: FlagWrite,
    environment: Environment,
    flags: readonly Flag[],
    then: ReadonlyMap<string, FlagDefinition | null>,
  ): Promise<Map<Flag, FlagSetting>> {
    const present = await settingsOfFlags(write.manager, flags, [environment]);
    const rows = new Map<Flag, FlagSetting>();
    const mistakes: Mistake[] = [];
    for await (const flag of inTurns(flags)) {
      const definition = then.get(flag.key);
      if (definition === undefined || definition === null) continue;
      const path = `flags[${JSON.stringify(flag.key)}]`;
      mistakes.push(
        ...checkSettings({ default_variant: definition.default_variant, targeting: definition.targeting }, flag, path),
      );
      const setting = settingServing(flag, settingOf(present, environment, flag), definition);
      rows.set(flag, { ...setting, flagId: flag.id, environmentId: environment.id });
    }
    if (mistakes.length === 0) return rows;
    const message = `What was set then does not fit the flags of today in ${mistakes.length} places, which errors lists; nothing was written`;
    throw new Conflict('rollback_does_not_fit', message, { errors: mistakes });
  }
}
