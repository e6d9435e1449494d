import { isDeepStrictEqual } from 'node:util';
import { type FlagDefinition, type FlagEvent } from '@flagwire/protocol/sync';
import { isoTime } from '../common/clock.js';

/** A flag as it shall be: the definition without what the log itself assigns. */
export type FlagContent = Omit<FlagDefinition, 'metadata'> & {
  metadata: Omit<FlagDefinition['metadata'], 'version' | 'updated_at'>;
};

/** What the log holds of a flag before a change. */
export interface HeldFlag {
  version: number;
  updatedAt: string;
  /** Null: deleted. */
  definition: FlagDefinition | null;
}

/** One flag's part of a change set. */
export interface FlagChange {
  event: FlagEvent;
  before: FlagDefinition | null;
  /** Null: deleted. */
  after: FlagDefinition | null;
  version: number;
  updatedAt: string;
}

function contentOf({ metadata, ...rest }: FlagDefinition): FlagContent {
  const { version: _version, updated_at: _updatedAt, ...kept } = metadata;
  return { ...rest, metadata: kept };
}

/** Whether both are the same JSON: minus zero is zero there, and what is undefined is not there. */
function isSameJson(a: unknown, b: unknown): boolean {
  const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value));
  return isDeepStrictEqual(plain(a), plain(b));
}

function onlyStatusDiffers(before: FlagContent, after: FlagContent): boolean {
  return isSameJson({ ...before, status: after.status }, after);
}

function eventFor(before: FlagDefinition | null, after: FlagDefinition): FlagEvent {
  if (before === null) return { type: 'FlagCreated', data: after };
  if (!onlyStatusDiffers(contentOf(before), contentOf(after))) return { type: 'FlagUpdated', data: after };
  const { version, updated_at } = after.metadata;
  const data = { flag_id: after.id, old_status: before.status, new_status: after.status, version, updated_at };
  return { type: 'FlagStatusChanged', data };
}

/**
 * What turns the held flag into the wanted one, or null where nothing does.
 * @param wanted null: the flag shall not be there.
 * @param now Unix milliseconds.
 */
export function changeOf(flagId: string, held: HeldFlag | null, wanted: FlagContent | null, now: number): FlagChange | null {
  const before = held?.definition ?? null;
  if (wanted === null && before === null) return null;
  if (wanted !== null && before !== null && isSameJson(contentOf(before), wanted)) return null;

  const version = (held?.version ?? 0) + 1;
  const updatedAt = isoTime(held === null ? now : Math.max(now, Date.parse(held.updatedAt) + 1));
  if (wanted === null) {
    return { event: { type: 'FlagDeleted', data: { flag_id: flagId, version } }, before, after: null, version, updatedAt };
  }
  const { created_at, ...metadata } = wanted.metadata;
  const after = { ...wanted, metadata: { version, created_at, updated_at: updatedAt, ...metadata } };
  return { event: eventFor(before, after), before, after, version, updatedAt };
}
