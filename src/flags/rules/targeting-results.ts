import { type ValueType } from '@flagwire/protocol/sync';
import { isPlainObject } from './json-shape.js';
import { at, type MistakeList, quote } from './mistake.js';
import { bucketsOf } from './targeting-fractional.js';
import { operatorsOf } from './targeting-operators.js';

export interface ResultRules {
  variants: Record<string, unknown>;
  /** Of the variants, for a sentence. */
  names: string;
  /** What has been said of which literal: a hostile list has thousands that are the same. */
  said: Map<unknown, string | null>;
  valueType: ValueType;
  mistakes: MistakeList;
}

/** A value inside a targeting, and what makes its path: thousands are looked at, few are named. */
type Position = readonly [value: unknown, path: () => string];

/**
 * Adds a mistake for each literal that the targeting can give as its result and that names no variant. Null is right
 * everywhere: it stands for the default variant. What is computed (`var`, `cat`, `==`) is known at evaluation only.
 */
export function inspectResults(result: unknown, rules: ResultRules, path: () => string): void {
  if (isPlainObject(result)) {
    for (const [value, place] of positionsIn(result, path)) inspectResults(value, rules, place);
  } else {
    const message = rules.said.get(result) ?? literalMistake(result, rules);
    rules.said.set(result, message);
    if (message !== null) rules.mistakes.add(path, message);
  }
}

/** The places inside an operation whose value can become its result. */
function positionsIn(operation: Record<string, unknown>, path: () => string): Position[] {
  const [name, ...others] = operatorsOf(operation);
  if (name === undefined || others.length > 0) return [];
  const place = () => at(path(), name);
  const list = operation[name];
  if (!Array.isArray(list)) return [];
  const isLast = (index: number): boolean => index === list.length - 1;
  const those = (isOne: (value: unknown, index: number) => boolean): Position[] => {
    const positions: Position[] = [];
    list.forEach((value: unknown, index) => {
      if (isOne(value, index)) positions.push([value, () => at(place(), index)]);
    });
    return positions;
  };
  switch (name) {
    case 'if':
    case '?:': // Refused as an operator; its results are checked all the same, so that all mistakes come at once.
      return those((_, index) => index % 2 === 1 || isLast(index));
    case 'or': // Gives the first truthy argument, or the last.
      return those((value, index) => isLast(index) || isPlainObject(value) || isTruthy(value));
    case 'and': // Gives the first falsy argument, or the last.
      return those((value, index) => isLast(index) || (!isPlainObject(value) && !isTruthy(value)));
    case 'var': // The attribute is computed, its default is not.
      return those((_, index) => index > 0);
    case 'fractional':
      return bucketsOf(list, place()).flatMap(([bucket, where]): Position[] =>
        Array.isArray(bucket) && bucket.length > 0 ? [[bucket[0], () => at(where, 0)]] : [],
      );
    default:
      return [];
  }
}

function isTruthy(value: unknown): boolean {
  return Array.isArray(value) ? value.length > 0 : Boolean(value);
}

function literalMistake(result: unknown, rules: ResultRules): string | null {
  if (result === null) return null;
  if (typeof result === 'string' || typeof result === 'boolean') {
    if (Object.hasOwn(rules.variants, String(result))) return null;
    return `${wrongName(result)}: ${advice(result, rules)}`;
  }
  return `a ${typeof result === 'number' ? 'number' : 'list'} cannot be a result: ${advice(result, rules)}`;
}

function wrongName(result: string | boolean): string {
  return typeof result === 'string'
    ? `${quote(result)} is no variant of this flag`
    : `${result} stands for a variant named "${result}", which this flag lacks`;
}

/** A result names a variant; the commonest mistake is to write the variant's value instead. */
function advice(result: unknown, { variants, names, valueType }: ResultRules): string {
  const meant = Object.keys(variants).find((name) => variants[name] === result);
  if (meant !== undefined && typeof result === valueType)
    return `write ${quote(meant)}, the name of the variant that has this value`;
  return `write the name of a variant (${names}), or null for the default`;
}
