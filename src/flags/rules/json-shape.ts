import { at, type Mistake, MistakeList, quote } from './mistake.js';
import { isForbiddenKey } from './reserved-names.js';

export interface JsonLimits {
  /** Most objects and lists inside each other; a plain string has depth 0, `{}` has depth 1. */
  depth: number;
}

/** One variant's value, and one environment's targeting. */
export const VALUE_LIMITS: JsonLimits = { depth: 32 };
export const VALUE_MAX_BYTES = 64 * 1024;
/** More than fit into that many bytes: each takes one, and a comma. */
export const MOST_VALUES = VALUE_MAX_BYTES / 2;

/** A node of the walk. It knows its parent, not its path: paths are built for mistakes only. */
interface Place {
  value: unknown;
  depth: number;
  key: string | number;
  parent: Place | null;
}

function pathOf(place: Place, root: string): string {
  const keys: (string | number)[] = [];
  for (let here = place; here.parent !== null; here = here.parent) keys.push(here.key);
  return keys.reverse().reduce<string>(at, root);
}

/** True for objects that JSON makes, of any realm: no class instances, no lists, not null. */
export function isPlainObject(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}

function isJsonScalar(value: unknown): boolean {
  return value === null || typeof value === 'string' || typeof value === 'boolean' || Number.isFinite(value);
}

/** Those that there is something to say about: what is within a list is not a key's, and a scalar is all right. */
function childrenOf(place: Place): Place[] {
  const { value } = place;
  const depth = place.depth + 1;
  const children: Place[] = [];
  if (Array.isArray(value)) {
    value.forEach((item: unknown, key) => {
      if (!isJsonScalar(item)) children.push({ value: item, depth, key, parent: place });
    });
  } else if (isPlainObject(value)) {
    for (const key of Object.keys(value)) children.push({ value: value[key], depth, key, parent: place });
  }
  return children;
}

function sizeOf(value: unknown): number {
  if (Array.isArray(value)) return value.length;
  return isPlainObject(value) ? Object.keys(value).length : 0;
}

/**
 * Adds a mistake for each branch that is too deep, each forbidden key and each value that is not JSON; ends where there are
 * more values than can be allowed.
 * Walks with a list of its own, never the call stack: a value 100,000 levels deep is refused like any other.
 * @returns whether recursive code and `JSON.stringify` may touch the value.
 */
export function inspectJson(value: unknown, limits: JsonLimits, path: string, mistakes: MistakeList): boolean {
  let isSafe = true;
  let count = 0;
  const open: Place[] = [{ value, depth: 0, key: '', parent: null }];
  for (let place = open.pop(); place !== undefined; place = open.pop()) {
    if (typeof place.key === 'string' && place.parent !== null && isForbiddenKey(place.key)) {
      mistakes.add(pathOf(place, path), `the key ${quote(place.key)} is not allowed anywhere: choose another name`);
    }
    if (isJsonScalar(place.value)) continue;
    count += sizeOf(place.value);
    if (count > MOST_VALUES) {
      mistakes.add(path, `has more than ${MOST_VALUES} values: at most ${VALUE_MAX_BYTES} bytes of JSON (64 KiB) are allowed`);
      return false;
    }
    if (!Array.isArray(place.value) && !isPlainObject(place.value)) {
      isSafe = false;
      mistakes.add(
        pathOf(place, path),
        'is not a JSON value: use null, true, false, a finite number, a string, a list or a plain object',
      );
    } else if (place.depth >= limits.depth) {
      isSafe = false;
      mistakes.add(
        pathOf(place, path),
        `is nested too deep: at most ${limits.depth} objects and lists may stand inside each other`,
      );
    } else {
      // Last in, first out: reversed, so that the mistakes that are kept are the first ones of the document.
      for (const child of childrenOf(place).reverse()) open.push(child);
    }
  }
  return isSafe;
}

/** What is wrong with the shape of a JSON value, whatever it means: depth, forbidden keys, things that JSON does not have. */
export function checkJsonShape(value: unknown, limits: JsonLimits, path: string): Mistake[] {
  const mistakes = new MistakeList();
  inspectJson(value, limits, path, mistakes);
  return mistakes.sorted(path);
}

/** Adds a mistake where the value is over the byte limit. Only for values that `inspectJson` found safe. */
export function inspectSize(value: unknown, path: string, mistakes: MistakeList): boolean {
  const bytes = Buffer.byteLength(JSON.stringify(value));
  if (bytes <= VALUE_MAX_BYTES) return true;
  mistakes.add(path, `is ${bytes} bytes of JSON: at most ${VALUE_MAX_BYTES} (64 KiB) are allowed`);
  return false;
}
