const RESERVED: ReadonlySet<string> = new Set([...Object.getOwnPropertyNames(Object.prototype), 'prototype']);
const FORBIDDEN_KEYS: ReadonlySet<string> = new Set(['__proto__', 'constructor', 'prototype']);

/** True for every name that an empty object answers to (`toString`, `__proto__`, …): a lookup by such a name would find what nobody stored. */
export function isReservedName(name: string): boolean {
  return RESERVED.has(name);
}

/** True for the keys through which an assignment could reach a prototype: refused anywhere inside a JSON value. */
export function isForbiddenKey(key: string): boolean {
  return FORBIDDEN_KEYS.has(key);
}

/** The first step of a `var` path that has a reserved name, if any. Engines differ in what separates steps, so each of `.`, `/` and `\` does here. */
export function reservedStep(path: string): string | undefined {
  return path.split(/[./\\]/).find(isReservedName);
}
