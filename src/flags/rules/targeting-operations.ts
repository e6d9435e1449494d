import { isPlainObject } from './json-shape.js';
import { at, type MistakeList, quote, quoteAll } from './mistake.js';
import {
  inspectMissing,
  inspectMissingSome,
  inspectSemVer,
  inspectTexts,
  inspectVar,
  nestedIn,
  type Place,
} from './targeting-arguments.js';
import { inspectFractional } from './targeting-fractional.js';
import { OPERATORS, operatorsOf, unknownOperator, wrongCount } from './targeting-operators.js';

/**
 * Adds the mistakes in the form of an operation and of everything inside it: unknown operators, numbers and kinds of
 * arguments, references. What it evaluates to is the business of `inspectResults`.
 */
export function inspectOperations(targeting: Record<string, unknown>, path: string, mistakes: MistakeList): void {
  const open: Place[] = [[targeting, path]];
  for (let place = open.pop(); place !== undefined; place = open.pop()) {
    const [value, where] = place;
    // Lists are looked into as well: engines evaluate what is in them, flagd's schema does not check it.
    const inside = Array.isArray(value)
      ? nestedIn(value, where)
      : isPlainObject(value)
        ? inspectOperation(value, where, mistakes)
        : [];
    open.push(...inside.toReversed());
  }
}

/** @returns the places inside that are still to be inspected. */
function inspectOperation(operation: Record<string, unknown>, path: string, mistakes: MistakeList): Place[] {
  const keys = Object.keys(operation);
  const [name, ...others] = operatorsOf(operation);
  if (keys.length === 0) {
    mistakes.add(path, 'is an empty object: write an operation such as {"var": "email"}, or leave it out');
  } else if (Object.hasOwn(operation, '$ref')) {
    mistakes.add(at(path, '$ref'), noEvaluator(operation['$ref']));
  } else if (others.length > 0) {
    mistakes.add(path, `has ${keys.length} keys (${quoteAll(keys)}): an operation is an object with one operator`);
  } else if (name !== undefined) {
    return inspectArguments(name, operation[name], at(path, name), mistakes);
  }
  return [];
}

function noEvaluator(reference: unknown): string {
  const which =
    typeof reference === 'string' ? `the evaluator ${quote(reference)} does not exist` : 'a reference is no operation';
  return `${which}: there are no shared evaluators here, so write the rule itself in place of the "$ref"`;
}

function inspectArguments(name: string, value: unknown, path: string, mistakes: MistakeList): Place[] {
  const arity = OPERATORS.get(name);
  if (arity === undefined) {
    mistakes.add(path, unknownOperator(name));
    return [];
  }
  if (name === 'var') return inspectVar(value, path, mistakes);
  if (!Array.isArray(value)) {
    if (name === '!' || name === '!!') return [[value, path]];
    mistakes.add(path, `${quote(name)} takes its arguments as a list, as in {${quote(name)}: [ ... ]}`);
    return [];
  }
  const list: unknown[] = value;
  const count = wrongCount(name, arity, list.length);
  if (count !== null) mistakes.add(path, count);
  switch (name) {
    case 'fractional':
      return inspectFractional(list, path, mistakes);
    case 'missing':
      return inspectMissing(list, path, mistakes);
    case 'missing_some':
      return inspectMissingSome(list, path, mistakes);
    case 'sem_ver':
      return inspectSemVer(list, path, mistakes);
    case 'starts_with':
    case 'ends_with':
      return inspectTexts(list, path, mistakes);
    default:
      return nestedIn(list, path);
  }
}
