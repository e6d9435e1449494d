const KEY = /^[a-z][a-z0-9-]{0,62}$/;

/** True for what may be the key of a project or an environment. Nothing else is ever looked up. */
export function isKey(value: unknown): value is string {
  return typeof value === 'string' && KEY.test(value);
}
