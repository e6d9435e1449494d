import { isDeepStrictEqual } from 'node:util';
import { type ImportCounts } from '@flagwire/protocol/admin';
import { type FlagContent } from '../../changes/change-set.js';
import { type Environment } from '../../projects/environment.entity.js';
import { type Project } from '../../projects/project.entity.js';
import { changedFlag, lostUses } from '../flag-checks.js';
import { newFlag } from '../flag-creation.js';
import { type FlagSetting } from '../flag-setting.entity.js';
import { type Flag } from '../flag.entity.js';
import { settingOf, type Settings } from '../flag-rows.js';
import { type CreateFlagRequest } from '../requests/flag.request.js';
import { checkDefaultVariant } from '../rules/flag-rules.js';
import { at, type Mistake } from '../rules/mistake.js';
import { type Setting, toWire } from '../setting.js';
import { type ImportedFlag } from './imported-document.js';

/** What an import makes of a project: the rows to store, and what each environment shall hold. Writes nothing itself. */
export class ImportPlan {
  readonly counts: ImportCounts = { created: 0, updated: 0, restored: 0, archived: 0, unchanged: 0 };
  readonly flags: Flag[] = [];
  readonly settings: FlagSetting[] = [];
  /** Places that use a variant which would go. */
  readonly uses: Mistake[] = [];
  private readonly wanted: ReadonlyMap<string, Map<string, FlagContent | null>>;

  /** @param now RFC 3339. */
  constructor(
    private readonly project: Project,
    private readonly environments: readonly Environment[],
    private readonly now: string,
  ) {
    this.wanted = new Map(environments.map(({ id }) => [id, new Map<string, FlagContent | null>()]));
  }

  /** What shall be different in an environment, by id of the flag. */
  contents(environment: Environment): ReadonlyMap<string, FlagContent | null> {
    return this.wanted.get(environment.id) ?? new Map<string, FlagContent | null>();
  }

  /**
   * The flag as the document has it.
   * @param before undefined: the project does not have it.
   * @param present the settings that it has.
   */
  async set(imported: ImportedFlag, before: Flag | undefined, present: Settings): Promise<void> {
    const after = this.after(imported, before);
    const uses = before === undefined ? noUses : usesOf(before, after, imported);
    if (before !== undefined && imported.edit.default_variant === undefined) {
      this.uses.push(...checkDefaultVariant(after.defaultVariant, after.variants, at(imported.path, 'default_variant')));
    }
    const next = new Map<Environment, Setting>();
    for (const environment of this.environments) {
      const setting = settingOf(present, environment, after);
      const wanted = imported.settings.get(environment.key)?.(after, setting) ?? setting;
      this.uses.push(...(await uses(environment, wanted)));
      if (!isSameSetting(setting, wanted)) {
        this.settings.push({ ...wanted, flagId: after.id, environmentId: environment.id });
        next.set(environment, wanted);
      }
    }
    this.store(before, after, present, next);
  }

  /** A flag that the document lacks. */
  archive(before: Flag): void {
    this.store(before, { ...before, archivedAt: this.now }, new Map(), new Map());
  }

  private after({ fields, edit, isArchived }: ImportedFlag, before: Flag | undefined): Flag {
    const flag =
      before === undefined ? newFlag(this.project.id, fields as CreateFlagRequest, this.now) : changedFlag({ ...before }, edit);
    return { ...flag, archivedAt: isArchived ? (before?.archivedAt ?? this.now) : null };
  }

  /** @param next the settings that are different. */
  private store(before: Flag | undefined, after: Flag, present: Settings, next: ReadonlyMap<Environment, Setting>): void {
    const isSame = before !== undefined && isDeepStrictEqual(after, { ...before });
    if (before === undefined) this.flags.push(after);
    else if (!isSame) this.flags.push({ ...after, version: before.version + 1, updatedAt: this.now });
    for (const environment of isSame ? next.keys() : this.environments) {
      const setting = next.get(environment) ?? settingOf(present, environment, after);
      this.wanted.get(environment.id)?.set(after.key, after.archivedAt === null ? toWire(after, setting) : null);
    }
    this.counts[outcome(before, after, isSame && next.size === 0)] += 1;
  }
}

function outcome(before: Flag | undefined, after: Flag, isSame: boolean): keyof ImportCounts {
  if (before === undefined) return 'created';
  const [wasArchived, isArchived] = [before.archivedAt !== null, after.archivedAt !== null];
  if (wasArchived !== isArchived) return isArchived ? 'archived' : 'restored';
  return isSame ? 'unchanged' : 'updated';
}

type UsesIn = (environment: Environment, setting: Setting) => Promise<Mistake[]>;

const noUses: UsesIn = () => Promise.resolve([]);

/** Which uses of variants a setting would lose. */
function usesOf(before: Flag, after: Flag, { path }: ImportedFlag): UsesIn {
  if (isDeepStrictEqual(before.variants, after.variants)) return noUses;
  return ({ key }, setting) => lostUses(before, setting, after.variants, at(at(path, 'environments'), key));
}

/** A default that is inherited is what it is, whatever the row says. */
function isSameSetting(a: Setting, b: Setting): boolean {
  const inherits = a.inheritsDefaultVariant && b.inheritsDefaultVariant;
  return (
    a.status === b.status &&
    a.inheritsDefaultVariant === b.inheritsDefaultVariant &&
    (inherits || a.defaultVariant === b.defaultVariant) &&
    isDeepStrictEqual(a.targeting, b.targeting)
  );
}
