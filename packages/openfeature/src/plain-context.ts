import { type EvaluationContext, type Evaluator } from '@flagwire/client';

/**
 * Decides for the context as every other door is sent it, which is by JSON: each date, at any depth, is the text
 * `2026-01-02T03:04:05.000Z` (flagd's library fails to compare a `Date`), and of an object only what is its own counts, so that no
 * prototype lends a value. A context that holds itself makes it throw: then the default is served, by `GENERAL`.
 */
export function plainly(evaluator: Evaluator): Evaluator {
  return { evaluate: (flag, context) => evaluator.evaluate(flag, plain(context) as EvaluationContext) };
}

/** What is plain already is not copied. */
function plain(value: unknown): unknown {
  if (value instanceof Date) return value.toJSON();
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) {
    const items: unknown[] = value.map(plain);
    return items.some((item, index) => item !== value[index]) ? items : value;
  }
  const before = Object.entries(value);
  const after = before.filter(([name]) => name !== '__proto__').map(([name, field]) => [name, plain(field)] as const);
  const isSame =
    isPlain(value) && after.length === before.length && after.every(([, field], index) => field === before[index]?.[1]);
  return isSame ? value : Object.fromEntries(after);
}

function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}
