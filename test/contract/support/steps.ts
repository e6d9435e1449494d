import { type AppliedSet } from '../../support/sync-checker.js';
import { flagOf, type FlagDefinition } from '../../support/wire-types.js';
import { type Step } from './subscriber.js';

/** The change sets that an event transport brought. */
export function stepsOf(applied: readonly AppliedSet[]): Step[] {
  return applied.map(({ cursor, events }) => ({ cursor, events, flags: [...new Set(events.map(flagOf))].sort() }));
}

/** What differs between two states: flags that came, went or have another version. */
export function changedFlags(before: ReadonlyMap<string, FlagDefinition>, after: ReadonlyMap<string, FlagDefinition>): string[] {
  const versionIn = (state: ReadonlyMap<string, FlagDefinition>, id: string) => state.get(id)?.metadata.version;
  const ids = [...new Set([...before.keys(), ...after.keys()])];
  return ids.filter((id) => versionIn(before, id) !== versionIn(after, id)).sort();
}
