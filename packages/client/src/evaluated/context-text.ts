import { isObject } from '@flagwire/protocol/sync';
import { InvalidOptions } from '../api/errors.js';

/**
 * A context as JSON, its names in order: the same text for the same content. A copy: what the application does with its own object
 * later changes nothing.
 * @throws InvalidOptions where it is no object, or cannot be written as JSON.
 */
export function contextText(context: unknown): string {
  try {
    if (isObject(context)) return JSON.stringify(context, (_name, value: unknown) => (isObject(value) ? inOrder(value) : value));
  } catch {
    // As one that is no object.
  }
  throw new InvalidOptions('context has to be an object of JSON, as {"targetingKey": "user-1"}');
}

function inOrder(value: Record<string, unknown>): object {
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
}
