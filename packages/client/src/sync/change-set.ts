import { applyFlagEvent, type FlagDefinition, type FlagEvent, flagIdOf } from '@flagwire/protocol/sync';
import { type Change, type FlagChange } from './messages.js';
import { type SyncState } from './state.js';

/** At the bound the oldest is forgotten: then only a copy of an event older than this many deletions could bring a flag back. */
export const MAX_TOMBSTONES = 10_000;

type Held = Pick<SyncState, 'flags' | 'tombstones'>;

/**
 * The flags after the events, which take effect together; or the reason why they cannot: then an earlier event was missed.
 * Events not above the version that is held are copies and are skipped; where all are, `flags` is the map that was held.
 */
export function applyEvents(held: Held, events: readonly FlagEvent[]): (Held & { changes: FlagChange[] }) | { gap: string } {
  const flags = new Map(held.flags);
  const tombstones = new Map(held.tombstones);
  let taken = false;
  for (const event of events) {
    const id = flagIdOf(event);
    const flag = flags.get(id) ?? null;
    const known = flag?.metadata.version ?? tombstones.get(id) ?? null;
    if (known !== null && versionOf(event) <= known) continue;
    if (!follows(event, flag, known))
      return { gap: `${event.type} of ${id} at version ${versionOf(event)}, held: ${known ?? 'none'}` };
    taken = true;
    const after = applyFlagEvent(flag, event);
    tombstones.delete(id);
    if (after === null) {
      flags.delete(id);
      tombstones.set(id, versionOf(event));
    } else {
      flags.set(id, after);
    }
  }
  if (!taken) return { flags: held.flags, tombstones: held.tombstones, changes: [] };
  for (const id of tombstones.keys()) {
    if (tombstones.size <= MAX_TOMBSTONES) break;
    tombstones.delete(id);
  }
  const touched = new Set(events.map(flagIdOf));
  return { flags, tombstones, changes: changesOf(held.flags, flags, touched) };
}

/** What is different between two sets of flags, for these ids. */
export function changesOf<T>(
  before: ReadonlyMap<string, T>,
  after: ReadonlyMap<string, T>,
  ids: Iterable<string> = new Set([...before.keys(), ...after.keys()]),
): Change<T>[] {
  const changes: Change<T>[] = [];
  for (const id of ids) {
    const change = { id, before: before.get(id) ?? null, after: after.get(id) ?? null };
    if (!isSame(change.before, change.after)) changes.push(change);
  }
  return changes;
}

/** By content: after a restored back-up the same version may stand for another definition. */
export function isSame(a: unknown, b: unknown): boolean {
  return a === b || JSON.stringify(a) === JSON.stringify(b);
}

/** Whether nothing can lie between what is held and the event. Of a flag never heard of, only its creation or its end can be taken. */
function follows(event: FlagEvent, flag: FlagDefinition | null, known: number | null): boolean {
  switch (event.type) {
    case 'FlagCreated':
      return flag === null && (known === null || versionOf(event) === known + 1);
    case 'FlagUpdated':
    case 'FlagStatusChanged':
      return flag !== null && versionOf(event) === flag.metadata.version + 1;
    case 'FlagDeleted':
      return known === null || (flag !== null && versionOf(event) === known + 1);
  }
}

function versionOf(event: FlagEvent): number {
  return event.type === 'FlagCreated' || event.type === 'FlagUpdated' ? event.data.metadata.version : event.data.version;
}
