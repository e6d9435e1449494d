import { type JsonObject, VALUE_TYPES, type ValueType } from '@flagwire/protocol/sync';
import { inTurns } from '../../common/batches.js';
import { type Check, object, oneOf, orNull } from '../../projects/requests/checks.js';
import { Field, OptionalField } from '../../projects/requests/field.decorator.js';
import { asStored, checkVariantsOf } from '../flag-checks.js';
import { draftOf } from '../requests/draft.js';
import { checkDefaultVariant, checkFlagId, checkTargeting } from '../rules/flag-rules.js';
import { at, type Mistake, MistakeList } from '../rules/mistake.js';
import { type Served, settingServing } from '../setting.js';
import { FlagdEvaluators } from './flagd-evaluators.js';
import { type ImportedDocument, type ImportedFlag } from './imported-document.js';

const anything: Check = () => null;
const text: Check = (value) => (typeof value === 'string' ? null : 'must be a string');
const flagsOfFlagd: Check = (value) =>
  typeof value === 'object' && value !== null ? null : 'must be an object of flags by their keys, or a list of flags';

class FlagdDocument {
  @OptionalField(anything)
  $schema?: unknown;

  @OptionalField(object)
  $evaluators?: Record<string, unknown>;

  @OptionalField(anything)
  metadata?: unknown;

  @Field(flagsOfFlagd)
  flags!: Record<string, unknown> | unknown[];
}

class FlagdFlag {
  @Field(oneOf(['ENABLED', 'DISABLED']))
  state!: 'ENABLED' | 'DISABLED';

  @Field(object)
  variants!: Record<string, unknown>;

  @OptionalField(orNull(text))
  defaultVariant?: string | null;

  @OptionalField(orNull(object))
  targeting?: Record<string, unknown> | null;

  @OptionalField(anything)
  metadata?: unknown;
}

/** In a list. */
class FlagdListFlag extends FlagdFlag {
  @Field(text)
  key!: string;
}

/**
 * Reads a flag configuration of flagd (https://flagd.dev/reference/flag-definitions/), as what one environment serves. It has no
 * names, and its metadata has no place here.
 * @param refuseCount throws where there are too many flags; called before any of them is looked at.
 */
export async function readFlagdDocument(
  body: unknown,
  environment: string,
  refuseCount: (flags: number) => void,
): Promise<ImportedDocument> {
  const draft = draftOf(FlagdDocument, body);
  const bodies = entriesOf(draft.fields.flags ?? {});
  refuseCount(bodies.length);
  const mistakes = new MistakeList();
  for (const { path, message } of draft.mistakes) mistakes.add(path, message);
  const evaluators = await FlagdEvaluators.read(draft.fields.$evaluators ?? {}, mistakes);
  const flags: ImportedFlag[] = [];
  const seen = new Set<string>();
  for await (const entry of inTurns(bodies)) {
    const { mistakes: own, ...flag } = readFlag(entry, environment, evaluators);
    for (const { path, message } of own) mistakes.add(path, message);
    const { id } = flag.fields;
    if (id !== undefined && seen.has(id)) mistakes.add(at(flag.path, 'key'), 'is the key of an earlier flag of the document');
    if (id !== undefined) seen.add(id);
    flags.push(flag);
  }
  return { environments: [], flags, mistakes };
}

/** A flag as it stands in the document: in a list without an id, under its id elsewhere. */
interface Entry {
  path: string;
  id: string | undefined;
  body: unknown;
}

function entriesOf(flags: Record<string, unknown> | unknown[]): Entry[] {
  if (Array.isArray(flags)) return flags.map((body, index) => ({ path: at('flags', index), id: undefined, body }));
  return Object.keys(flags).map((id) => ({ path: at('flags', id), id, body: flags[id] }));
}

function draftIn({ path, id: named, body }: Entry) {
  if (named !== undefined) return { ...draftOf(FlagdFlag, body, path), id: named, idPath: path };
  const draft = draftOf(FlagdListFlag, body, path);
  return { ...draft, id: draft.fields.key, idPath: at(path, 'key') };
}

function readFlag(
  entry: Entry,
  environment: string,
  evaluators: FlagdEvaluators,
): ImportedFlag & { mistakes: readonly Mistake[] } {
  const { path } = entry;
  const { fields, mistakes: ofShape, id, idPath } = draftIn(entry);
  const { state, variants, defaultVariant: default_variant = null, targeting: given } = fields;
  const mistakes = [...ofShape];
  if (id !== undefined) mistakes.push(...checkFlagId(id, idPath));
  const valueType = variants === undefined ? undefined : valueTypeOf(variants, at(path, 'variants'), mistakes);
  const inlined = evaluators.inline(given ?? {}, at(path, 'targeting'));
  mistakes.push(...inlined.mistakes);
  if (variants !== undefined) {
    mistakes.push(...checkVariantsOf(valueType, variants, at(path, 'variants')));
    mistakes.push(...checkDefaultVariant(default_variant, variants, at(path, 'defaultVariant')));
    if (inlined.mistakes.length === 0)
      mistakes.push(...checkTargeting(inlined.targeting, variants, valueType ?? 'object', at(path, 'targeting')));
  }
  const own = { ...(variants !== undefined && { variants }) };
  const flag = {
    ...own,
    default_variant,
    ...(id !== undefined && { id, name: id }),
    ...(valueType && { value_type: valueType }),
  };
  const settings: ImportedFlag['settings'] = new Map(
    mistakes.length > 0
      ? []
      : [[environment, serving({ status: statusOf(state), default_variant, targeting: inlined.targeting })]],
  );
  return { path, fields: flag, edit: own, isArchived: false, settings, mistakes };
}

function statusOf(state: FlagdFlag['state'] | undefined): Served['status'] {
  return state === 'ENABLED' ? 'enabled' : 'disabled';
}

function serving({ targeting, ...served }: Omit<Served, 'targeting'> & { targeting: unknown }) {
  const stored = { ...served, targeting: asStored(targeting) as JsonObject };
  return (flag: Parameters<typeof settingServing>[0], present: Parameters<typeof settingServing>[1]) =>
    settingServing(flag, present, stored);
}

/** A flag of flagd does not say its type: its variants have it. */
function valueTypeOf(variants: Record<string, unknown>, path: string, mistakes: Mistake[]): ValueType | undefined {
  const types = [...new Set(Object.values(variants).map((value) => typeof value))];
  if (types.length > 1)
    mistakes.push({ path, message: `must be of one type, and are of ${types.length}: ${types.sort().join(', ')}` });
  return types.length === 1 ? VALUE_TYPES.find((type) => type === types[0]) : undefined;
}
