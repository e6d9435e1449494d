import { isFlagId } from '@flagwire/protocol/sync';
import { type EntityManager, type ObjectLiteral } from 'typeorm';
import { inBatches } from '../common/batches.js';
import { NotFound } from '../common/errors.js';
import { Lookup } from '../database/lookup.js';
import { Rows } from '../database/rows.js';
import { type Environment } from '../projects/environment.entity.js';
import { type Project } from '../projects/project.entity.js';
import { FlagSetting } from './flag-setting.entity.js';
import { Flag } from './flag.entity.js';
import { type Setting, UNSET } from './setting.js';

const FLAGS = new Lookup(Flag, 'projectId', 'key');
const SETTINGS = new Lookup(FlagSetting, 'flagId', 'environmentId');
const SETTING_ROWS = new Rows(FlagSetting);

/** Settings by environment id and flag (row) id. */
export type Settings = ReadonlyMap<string, ReadonlyMap<string, FlagSetting>>;

/** The flag, archived or not; undefined where there is none. */
export async function flagByKey(manager: EntityManager, project: Project, key: string): Promise<Flag | undefined> {
  return (await flagsByKey(manager, project, [key])).get(key);
}

/** @throws NotFound */
export async function mustFindFlag(manager: EntityManager, project: Project, key: string): Promise<Flag> {
  const flag = await flagByKey(manager, project, key);
  if (flag === undefined) throw new NotFound('flag', key);
  return flag;
}

/** Those of the keys that are flags of the project, archived or not. */
export async function flagsByKey(manager: EntityManager, project: Project, keys: readonly string[]): Promise<Map<string, Flag>> {
  const found = new Map<string, Flag>();
  // Whatever else a path or a body holds, a NUL for one, never reaches the database.
  for await (const batch of inBatches(keys.filter(isFlagId))) {
    for (const flag of await FLAGS.find(manager, [project.id, batch])) found.set(flag.key, flag);
  }
  return found;
}

export async function settingsOfFlags(
  manager: EntityManager,
  flags: readonly Flag[],
  environments: readonly Environment[],
): Promise<Settings> {
  const settings = new Map(environments.map(({ id }) => [id, new Map<string, FlagSetting>()]));
  const environmentIds = [...settings.keys()];
  for await (const batch of inBatches(flags.map(({ id }) => id))) {
    for (const row of await SETTINGS.find(manager, [batch, environmentIds])) {
      settings.get(row.environmentId)?.set(row.flagId, row);
    }
  }
  return settings;
}

/** What the flag is set to in the environment. */
export function settingOf(settings: Settings, environment: Environment, flag: Flag): Setting {
  return settings.get(environment.id)?.get(flag.id) ?? UNSET;
}

/** New ones and changed ones. */
export async function storeFlags(manager: EntityManager, rows: readonly Flag[]): Promise<void> {
  for await (const batch of inBatches(rows)) await manager.upsert<ObjectLiteral>(Flag, batch, ['id']);
}

export async function storeSettings(manager: EntityManager, rows: readonly FlagSetting[]): Promise<void> {
  for await (const batch of inBatches(rows)) await SETTING_ROWS.put(manager, batch);
}
