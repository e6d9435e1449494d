import { globals } from '../platform.js';

/** Above this, none is warned of any more: a program that has so many has heard enough. */
const MAX_WARNED = 1000;
const warned = new Set<string>();

/** Says once in a process that a flag is deprecated. Never throws. */
export function warnOfDeprecation(
  id: string,
  warn: (message: string) => void = (message) => globals.console?.warn(message),
): void {
  if (warned.has(id) || warned.size >= MAX_WARNED) return;
  warned.add(id);
  try {
    warn(`the flag ${id} is deprecated`);
  } catch {
    // Who writes logs is no business of who asks for a flag.
  }
}
