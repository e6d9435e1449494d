import { Injectable } from '@nestjs/common';
import { type EntityManager } from 'typeorm';
import { ChangeLog } from '../changes/change-log.js';
import { type Environment } from '../projects/environment.entity.js';
import { type FlagAnswer, flagAnswer } from './flag.answer.js';
import { type Flag } from './flag.entity.js';
import { settingOf, settingsOfFlags } from './flag-rows.js';

/** Puts together what answers show of flags, by the manager's view of the data. */
@Injectable()
export class FlagAnswers {
  constructor(private readonly log: ChangeLog) {}

  /** In the order of `flags`, with their settings in these environments. */
  async of(manager: EntityManager, flags: readonly Flag[], environments: readonly Environment[]): Promise<FlagAnswer[]> {
    const settings = await settingsOfFlags(manager, flags, environments);
    const keys = flags.map(({ key }) => key);
    const shown = new Map(
      flags.map((flag) => [flag, new Map<string, { setting: ReturnType<typeof settingOf>; version: number }>()]),
    );
    for (const environment of environments) {
      const held = await this.log.held(manager, environment.id, keys);
      for (const [flag, byKey] of shown) {
        byKey.set(environment.key, {
          setting: settingOf(settings, environment, flag),
          version: held.get(flag.key)?.version ?? 0,
        });
      }
    }
    return [...shown].map(([flag, byKey]) => flagAnswer(flag, byKey));
  }

  async one(manager: EntityManager, flag: Flag, environments: readonly Environment[]): Promise<FlagAnswer> {
    const [answer] = await this.of(manager, [flag], environments);
    if (answer === undefined) throw new TypeError('One flag gave no answer');
    return answer;
  }
}
