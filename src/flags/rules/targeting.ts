import { type ValueType } from '@flagwire/protocol/sync';
import { inspectJson, inspectSize, isPlainObject, VALUE_LIMITS } from './json-shape.js';
import { type Mistake, MistakeList, quoteAll } from './mistake.js';
import { targetingMistake } from './flagd-schema.js';
import { inspectOperations } from './targeting-operations.js';
import { inspectResults } from './targeting-results.js';

/**
 * What is wrong with a flag's targeting: everything that flagd's schema refuses, and what it lets through but an SDK
 * could not serve: results and buckets that name no variant, references, objects of two operators, unknown operators
 * inside lists, computed paths. `{}` stands for no targeting.
 */
export function checkTargeting(
  targeting: unknown,
  variants: Record<string, unknown>,
  valueType: ValueType,
  path: string,
): Mistake[] {
  if (!isPlainObject(targeting)) {
    return [
      {
        path,
        message: 'must be an object: one operation such as {"if": [...]}, or {} for none (default_variant then serves everybody)',
      },
    ];
  }
  const mistakes = new MistakeList();
  // Depth before size before everything else: JSON.stringify and what comes after it are recursive.
  const isSafe = inspectJson(targeting, VALUE_LIMITS, path, mistakes) && inspectSize(targeting, path, mistakes);
  if (!isSafe || Object.keys(targeting).length === 0) return mistakes.sorted(path);
  inspectOperations(targeting, path, mistakes);
  // The schema has the last word, not the first: for one unknown operator it gives dozens of errors.
  const refused = mistakes.isEmpty ? targetingMistake(targeting, path) : null;
  if (refused !== null) mistakes.add(refused.path, refused.message);
  const rules = { variants, names: quoteAll(Object.keys(variants)), said: new Map(), valueType, mistakes };
  inspectResults(targeting, rules, () => path);
  return mistakes.sorted(path);
}
