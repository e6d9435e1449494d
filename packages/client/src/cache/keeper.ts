import { type Clock } from '../platform.js';
import { type SyncState } from '../sync/state.js';
import { type Site } from '../transport/transport.js';
import { type Cache, type CacheFault } from './cache.js';
import { markOf, scopeOf } from './held.js';
import { LastKnownGood } from './last-known-good.js';
import { within } from './within.js';

/** For a cache that answers no more: it may keep up neither the start nor the end. */
const CACHE_MS = 2000;

/** The last known good, with an end to its patience. */
export interface Keeper {
  /** Null where nothing is kept, or nothing has come of it in time. */
  load(): Promise<SyncState | null>;
  keep(state: SyncState): void;
  settled(): Promise<unknown>;
}

/** Of one client; loaded by those that have a cache. */
export function keeperOf(
  cache: Cache,
  site: Site,
  sdkKey: string | undefined,
  clock: Clock,
  onFault: (code: CacheFault, error?: unknown) => void,
): Keeper {
  const mark = markOf(sdkKey);
  const good = new LastKnownGood(cache, () => scopeOf(site, mark), onFault);
  return {
    load: () => within(good.load(), CACHE_MS, clock),
    keep: (state) => good.keep(state),
    settled: () => within(good.settled(), CACHE_MS, clock),
  };
}
