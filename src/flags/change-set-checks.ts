import { type FlagDefinition } from '@flagwire/protocol/sync';
import { type HeldFlag } from '../changes/change-set.js';
import { inTurns } from '../common/batches.js';
import { Conflict, type Mistake, VersionConflict } from '../common/errors.js';
import { checkSettings } from './flag-checks.js';
import { type Flag } from './flag.entity.js';
import { ChangeRequest, type ChangeSetRequest } from './requests/change-set.request.js';
import { type Draft, draftOf, refuse } from './requests/draft.js';
import { at, quoteAll } from './rules/mistake.js';

/** A change that has passed, and the flag that it is about. */
export interface CheckedChange {
  flag: Flag;
  fields: Partial<ChangeRequest>;
}

/**
 * Checks a change set whole.
 * @param flags those that it names, by id, archived or not.
 * @param held what the environment holds of them.
 * @throws VersionConflict where a flag is at another version than the one that its change was made for.
 * @throws InvalidInput with every mistake of the body.
 */
export async function checkChangeSet(
  draft: Draft<ChangeSetRequest>,
  flags: ReadonlyMap<string, Flag>,
  held: ReadonlyMap<string, HeldFlag>,
): Promise<CheckedChange[]> {
  const drafts = (draft.fields.changes ?? []).map((body, index) => draftOf(ChangeRequest, body, at('changes', index)));
  refuseOtherVersions(drafts, held);

  const mistakes: Mistake[] = [...draft.mistakes];
  const changes: CheckedChange[] = [];
  const seen = new Set<string>();
  for await (const [index, { fields, mistakes: own }] of inTurns(drafts.entries())) {
    const path = at('changes', index);
    mistakes.push(...own);
    if (fields.flag === undefined) continue;
    const flag = flags.get(fields.flag);
    if (flag === undefined) {
      mistakes.push({ path: at(path, 'flag'), message: 'names no flag of the project' });
      continue;
    }
    if (seen.has(flag.key))
      mistakes.push({ path: at(path, 'flag'), message: 'is named by an earlier change: give a flag one change' });
    seen.add(flag.key);
    mistakes.push(...checkSettings(fields, flag, path));
    changes.push({ flag, fields });
  }
  refuse(mistakes);
  return changes;
}

function refuseOtherVersions(drafts: readonly Draft<ChangeRequest>[], held: ReadonlyMap<string, HeldFlag>): void {
  const current: FlagDefinition[] = [];
  const names: string[] = [];
  for (const { flag, version } of drafts.map(({ fields }) => fields)) {
    const present = flag === undefined ? undefined : held.get(flag);
    if (version === undefined || flag === undefined || present === undefined || present.version === version) continue;
    names.push(flag);
    if (present.definition !== null) current.push(present.definition);
  }
  if (names.length === 0) return;
  throw new VersionConflict(`Another version is present of ${quoteAll(names)}; nothing was written`, { current });
}

/** @throws Conflict naming every archived one. */
export function refuseArchived(flags: readonly Flag[]): void {
  const keys = flags.filter(({ archivedAt }) => archivedAt !== null).map(({ key }) => key);
  if (keys.length > 0)
    throw new Conflict('flag_archived', `Archived, restore first: ${quoteAll(keys)}; nothing was written`, { flags: keys });
}
