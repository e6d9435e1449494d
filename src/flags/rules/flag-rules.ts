import { variantsMistake } from './flagd-schema.js';
import { type FlagStatus, isFlagId, type ValueType } from '@flagwire/protocol/sync';
import { firstOdd, NOT_IN_NAMES } from '../../common/odd-characters.js';
import { inspectJson, inspectSize, isPlainObject, VALUE_LIMITS } from './json-shape.js';
import { at, type Mistake, MistakeList, quoteAll } from './mistake.js';
import { isReservedName } from './reserved-names.js';

export type { FlagStatus, Mistake, ValueType };
export { checkJsonShape, type JsonLimits } from './json-shape.js';
export { checkTargeting } from './targeting.js';

const MOST_VARIANTS = 100;
const LONGEST_NAME = 128;

const RESERVED_NAME =
  'is a name that every JavaScript object has (such as "constructor" or "toString") and is not allowed: choose another';

/** What is wrong with a flag's id. Reserved names are refused because SDKs keep flags in objects. */
export function checkFlagId(id: string, path = 'id'): Mistake[] {
  if (isReservedName(id)) return [{ path, message: RESERVED_NAME }];
  if (isFlagId(id)) return [];
  return [{ path, message: 'must be 1 to 128 of a-z, A-Z, 0-9, ".", "_" and "-", and start with a letter or a digit' }];
}

function nameMistake(name: string): string | null {
  if (name === '') return 'a variant needs a name: give it 1 to 128 characters';
  if (isReservedName(name)) return RESERVED_NAME;
  // The first test keeps the second from taking apart a name of a megabyte.
  if (name.length > 2 * LONGEST_NAME || [...name].length > LONGEST_NAME) {
    return `the variant's name is longer than ${LONGEST_NAME} characters: shorten it`;
  }
  const odd = firstOdd(name, NOT_IN_NAMES);
  return odd === null ? null : `the variant's name must be one line of text: leave out ${odd}`;
}

const WANTED: Record<ValueType, string> = {
  boolean: 'true or false',
  string: 'a string',
  number: 'a finite number',
  object: 'an object, such as {"color": "red"}',
};

function fits(valueType: ValueType, value: unknown): boolean {
  if (valueType === 'object') return isPlainObject(value);
  return valueType === 'number' ? Number.isFinite(value) : typeof value === valueType;
}

/** What is wrong with a flag's variants: their number, their names, and each value's type, depth, keys and size. */
export function checkVariants(valueType: ValueType, variants: unknown, path = 'variants'): Mistake[] {
  if (!isPlainObject(variants)) {
    return [{ path, message: 'must be an object of names and values, such as {"on": true, "off": false}' }];
  }
  const mistakes = new MistakeList();
  const names = Object.keys(variants);
  if (names.length === 0) mistakes.add(path, 'is empty: a flag needs at least one variant');
  if (names.length > MOST_VARIANTS) mistakes.add(path, `has ${names.length} variants: at most ${MOST_VARIANTS} are allowed`);
  // Nothing more is said of those beyond the bound: there may be tens of thousands.
  for (const name of names.slice(0, MOST_VARIANTS)) {
    const value = variants[name];
    const place = at(path, name);
    const wrongName = nameMistake(name);
    if (wrongName !== null) mistakes.add(place, wrongName);
    if (!fits(valueType, value)) mistakes.add(place, `must be ${WANTED[valueType]}: the flag's value_type is ${valueType}`);
    else if (inspectJson(value, VALUE_LIMITS, place, mistakes)) inspectSize(value, place, mistakes);
  }
  const refused = mistakes.isEmpty ? variantsMistake(valueType, variants, path) : null;
  if (refused !== null) mistakes.add(refused.path, refused.message);
  return mistakes.sorted(path);
}

/** What is wrong with a default: it is the name of a variant, or null (the code default), or absent. */
export function checkDefaultVariant(name: string | null | undefined, variants: Record<string, unknown>, path: string): Mistake[] {
  if (name === null || name === undefined || (typeof name === 'string' && Object.hasOwn(variants, name))) return [];
  return [
    { path, message: `must be the name of a variant (${quoteAll(Object.keys(variants))}), or null for the default in the code` },
  ];
}
