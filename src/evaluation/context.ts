import { hash } from 'node:crypto';
import { isObject } from '@flagwire/protocol/sync';
import { type EvaluationContext } from '@openfeature/core';
import { DomainError } from '../common/errors.js';

/** Objects and lists inside each other. */
const MOST_DEPTH = 32;
/** Attributes, and items of lists, all together: rules may go through them once for each flag. */
const MOST_VALUES = 10_000;
/** Characters of names and texts, all together. */
const MOST_TEXT = 64 * 1024;

/** Whom flags are to be evaluated for cannot be read. */
export class InvalidContext extends DomainError {
  override readonly name = 'InvalidContext';
  readonly code = 'invalid_context';
  readonly kind = 'invalid';
}

/**
 * The context of an OFREP request: `{"context": {"targetingKey": "…", …}}`.
 * @param body as it was parsed.
 * @throws InvalidContext where there is none, or one that is too large or too deep, or would meddle with prototypes.
 */
export function readContext(body: unknown): EvaluationContext {
  const context = isObject(body) && Object.hasOwn(body, 'context') ? body['context'] : undefined;
  if (!isObject(context)) {
    throw new InvalidContext('The body has to be {"context": {…}}, with the attributes to evaluate by in it.');
  }
  inspect(context);
  const { targetingKey } = context;
  if (targetingKey !== undefined && typeof targetingKey !== 'string') {
    throw new InvalidContext('context.targetingKey has to be a string: leave it out where there is none.');
  }
  return context as EvaluationContext;
}

/** The same for contexts of the same content, in whatever order it was sent; 32 hex digits. @param owner whose context it is. */
export function contextHash(owner: string, context: EvaluationContext): string {
  return hash('sha256', `${owner}\n${canonical(context)}`).slice(0, 32);
}

function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  if (!isObject(value)) return JSON.stringify(value);
  const members = Object.keys(value)
    .sort()
    .map((name) => `${JSON.stringify(name)}:${canonical(value[name])}`);
  return `{${members.join(',')}}`;
}

/** Walks with a list of its own: what is too deep for the call stack is refused, not walked into. */
function inspect(context: Record<string, unknown>): void {
  const open: { value: unknown; depth: number }[] = [{ value: context, depth: 1 }];
  let [values, text] = [0, 0];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const { value, depth } = next;
    if (typeof value === 'string') text += value.length;
    if (typeof value === 'object' && value !== null) {
      if (depth > MOST_DEPTH)
        throw new InvalidContext(`The context has more than ${MOST_DEPTH} objects and lists inside each other.`);
      for (const [name, inner] of Object.entries(value)) {
        // Where it is copied, it would become the copy's prototype.
        if (name === '__proto__') throw new InvalidContext('The context has an attribute "__proto__": leave it out.');
        if (!Array.isArray(value)) text += name.length;
        values += 1;
        open.push({ value: inner, depth: depth + 1 });
      }
    }
    if (values > MOST_VALUES)
      throw new InvalidContext(`The context has more than ${MOST_VALUES} attributes and items: send fewer.`);
    if (text > MOST_TEXT) throw new InvalidContext(`The context has more than ${MOST_TEXT} characters: send less.`);
  }
}
