import { type FlagSettings } from '@flagwire/protocol/admin';
import { isObject, type Json, VALUE_TYPES, type ValueType } from '@flagwire/protocol/sync';
import { inTurns } from '../common/batches.js';
import { Conflict } from '../common/errors.js';
import { type Flag } from './flag.entity.js';
import { type Draft, draftOf, refuse } from './requests/draft.js';
import { type CreateFlagRequest, type EditFlagRequest } from './requests/flag.request.js';
import { FlagSettingsRequest } from './requests/flag-settings.request.js';
import { checkDefaultVariant, checkFlagId, checkTargeting, checkVariants } from './rules/flag-rules.js';
import { at, type Mistake, MOST_REPORTED, quoteAll } from './rules/mistake.js';
import { type Setting } from './setting.js';

/** What an environment's settings are checked against. */
interface Served {
  valueType: ValueType;
  variants: Record<string, unknown>;
}

/** A request that has passed, and the settings that it names by the key of their environment. */
export interface CheckedFlag {
  request: CreateFlagRequest;
  settings: ReadonlyMap<string, FlagSettings>;
}

/**
 * A JSON value as it will be read back. The drafts come from a parser that knows -0, the database from one that was never
 * told of it: without this, an edit that changes nothing would look like one that does.
 */
export function asStored<T>(value: T): T {
  return JSON.parse(JSON.stringify(value)) as T;
}

/** What is wrong with variants whose type may be wrong itself: then what no type would make right. */
export function checkVariantsOf(valueType: ValueType | undefined, variants: unknown, path: string): Mistake[] {
  if (valueType !== undefined) return checkVariants(valueType, variants, path);
  const [first = [], ...others] = VALUE_TYPES.map((type) => checkVariants(type, variants, path));
  const isIn = (mistakes: Mistake[], wanted: Mistake) =>
    mistakes.some(({ path, message }) => path === wanted.path && message === wanted.message);
  return first.filter((mistake) => others.every((mistakes) => isIn(mistakes, mistake)));
}

/** What is wrong with one environment's settings of a flag. */
export function checkSettings(fields: Partial<FlagSettingsRequest>, { variants, valueType }: Served, path: string): Mistake[] {
  const { default_variant: defaultVariant, targeting } = fields;
  return [
    ...checkDefaultVariant(defaultVariant, variants, at(path, 'default_variant')),
    ...(isObject(targeting) ? checkTargeting(targeting, variants, valueType, at(path, 'targeting')) : []),
  ];
}

/** Settings that have passed, as they are stored: null targeting is none. */
export function settingsOf({ status, default_variant, targeting }: Partial<FlagSettingsRequest>): FlagSettings {
  return {
    ...(status !== undefined && { status }),
    ...(default_variant !== undefined && { default_variant }),
    ...(targeting !== undefined && { targeting: asStored(targeting ?? {}) }),
  };
}

/**
 * Checks a new flag whole.
 * @param environments the keys of the project's environments.
 * @throws InvalidInput with every mistake of the body, those of its shape too.
 */
export async function checkNewFlag(draft: Draft<CreateFlagRequest>, environments: readonly string[]): Promise<CheckedFlag> {
  const { settings, mistakes } = await checkFlag(draft, '', mostNamed(environments));
  refuse([...mistakes, ...unknownEnvironments(draft, environments, '')]);
  return { request: draft.fields as CreateFlagRequest, settings };
}

/**
 * Every mistake of a flag that can be told from it alone, those of its shape too.
 * @param path where the flag stands, as mistakes name it.
 * @param most environments that a flag can have settings for: a hostile body has more names than anybody should look at.
 * @returns settings by the key of their environment, complete where there is no mistake.
 */
export async function checkFlag(
  draft: Draft<CreateFlagRequest>,
  path: string,
  most: number,
): Promise<{ settings: Map<string, FlagSettings>; mistakes: Mistake[] }> {
  const { id, value_type: valueType, variants, default_variant: defaultVariant } = draft.fields;
  const mistakes = [...draft.mistakes];
  if (id !== undefined) mistakes.push(...checkFlagId(id, at(path, 'id')));
  if (variants !== undefined) {
    mistakes.push(...checkVariantsOf(valueType, variants, at(path, 'variants')));
    mistakes.push(...checkDefaultVariant(defaultVariant, variants, at(path, 'default_variant')));
  }
  const settings = new Map<string, FlagSettings>();
  const environments = draft.fields.environments ?? {};
  const wanted = Object.keys(environments);
  if (wanted.length > most) {
    const message = `names ${wanted.length} environments: only ${most} of them were looked at`;
    mistakes.push({ path: at(path, 'environments'), message });
  }
  for await (const key of inTurns(wanted.slice(0, most))) {
    const place = at(at(path, 'environments'), key);
    const setting = draftOf(FlagSettingsRequest, environments[key], place);
    mistakes.push(...setting.mistakes);
    // A wrong type only costs advice about a result that looks like a value.
    if (variants !== undefined)
      mistakes.push(...checkSettings(setting.fields, { variants, valueType: valueType ?? 'object' }, place));
    if (mistakes.length === 0) settings.set(key, settingsOf(setting.fields));
  }
  return { settings, mistakes };
}

/** A mistake for each environment that the flag names and the project does not have. */
export function unknownEnvironments(
  { fields }: Pick<Draft<CreateFlagRequest>, 'fields'>,
  environments: readonly string[],
  path: string,
): Mistake[] {
  const named = Object.keys(fields.environments ?? {}).slice(0, mostNamed(environments));
  const unknown = named.filter((key) => !environments.includes(key));
  const message = () => `the project has no environment of this name: it has ${quoteAll(environments)}`;
  return unknown.map((key) => ({ path: at(at(path, 'environments'), key), message: message() }));
}

/** All that there are, and as many that there are not as an answer lists. */
function mostNamed(environments: readonly string[]): number {
  return environments.length + MOST_REPORTED;
}

/** What a request makes of the fields that a flag has in all environments: absent ones stay, null clears. */
export function changedFlag<T extends Pick<Flag, EditedField>>(flag: T, edit: Partial<EditFlagRequest>): T {
  const { variants, default_variant: defaultVariant } = edit;
  return {
    ...flag,
    ...(edit.name !== undefined && { name: edit.name }),
    ...(edit.description !== undefined && { description: edit.description ?? '' }),
    ...(variants !== undefined && { variants: asStored(variants) as Record<string, Json> }),
    ...(defaultVariant !== undefined && { defaultVariant }),
    ...(edit.tags !== undefined && { tags: edit.tags ?? [] }),
    ...(edit.owner !== undefined && { owner: edit.owner }),
    ...(edit.critical !== undefined && { critical: edit.critical ?? false }),
  };
}

type EditedField = 'name' | 'description' | 'variants' | 'defaultVariant' | 'tags' | 'owner' | 'critical';

/**
 * Checks an edit of a flag against the flag.
 * @param settings what environments have set, by their keys.
 * @throws InvalidInput with every mistake of the body; Conflict where a variant would go that is in use.
 */
export async function checkEdit(
  flag: Flag,
  draft: Draft<EditFlagRequest>,
  settings: ReadonlyMap<string, Setting>,
): Promise<void> {
  const { variants, default_variant: defaultVariant } = draft.fields;
  refuse([
    ...draft.mistakes,
    ...(variants === undefined ? [] : checkVariants(flag.valueType, variants)),
    ...checkDefaultVariant(defaultVariant, variants ?? flag.variants, 'default_variant'),
  ]);
  if (variants === undefined) return;
  const uses = defaultVariant === undefined ? checkDefaultVariant(flag.defaultVariant, variants, 'default_variant') : [];
  for (const [key, setting] of settings) uses.push(...(await lostUses(flag, setting, variants, at('environments', key))));
  refuseUses(uses);
}

/** @throws Conflict naming every place that uses a variant which would go. */
export function refuseUses(uses: readonly Mistake[]): void {
  if (uses.length === 0) return;
  const places = uses.map(({ path }) => path).join(', ');
  throw new Conflict('variant_in_use', `A variant that would go is in use: ${places}. Change what uses it first`, {
    errors: uses,
  });
}

/** What of a setting is right with the flag's present variants and would be wrong with others. */
export async function lostUses(
  flag: Flag,
  setting: Setting,
  variants: Record<string, unknown>,
  path: string,
): Promise<Mistake[]> {
  const { valueType } = flag;
  const fields = {
    targeting: setting.targeting,
    ...(!setting.inheritsDefaultVariant && { default_variant: setting.defaultVariant }),
  };
  const found: Mistake[][] = [];
  for await (const each of inTurns([flag.variants, variants]))
    found.push(checkSettings(fields, { valueType, variants: each }, path));
  const [before = [], after = []] = found;
  const known = new Set(before.map((mistake) => mistake.path));
  return after.filter((mistake) => !known.has(mistake.path));
}
