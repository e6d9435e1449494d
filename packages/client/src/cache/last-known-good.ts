import { NO_CURSOR } from '@flagwire/protocol/sync';
import { initialState, type SyncState } from '../sync/state.js';
import { type Cache, type CacheFault } from './cache.js';
import { decodeHeld, encodeHeld } from './held.js';
import { type Held } from './parse-held.js';
import { Place } from './place.js';

/**
 * Keeps the newest whole state, and begins with it: a program shows what it knew at once, `stale`, and resumes from its cursor.
 * Nothing of it throws: what is wrong is told by its code, and means a cold start, or that the next start is one.
 */
export class LastKnownGood {
  #kept: string = NO_CURSOR;
  readonly #place: Place;
  readonly #scope: () => string;
  readonly #onFault: (code: CacheFault, error?: unknown) => void;

  /** @param scope asked whenever something is read or kept: the filter may have changed. */
  constructor(cache: Cache, scope: () => string, onFault: (code: CacheFault, error?: unknown) => void) {
    this.#place = new Place(cache, onFault);
    this.#scope = scope;
    this.#onFault = onFault;
  }

  /** Null where nothing is kept, or not of this scope. */
  async load(): Promise<SyncState | null> {
    const held = await this.#read();
    return held === null ? null : initialState(held);
  }

  /** After each input: writes where a whole state has come. While one is written, only the newest of those that follow waits. */
  keep({ cursor, flags }: SyncState): void {
    // After a drop the flags are shown on, but no cursor stands for them: what was kept before is still whole.
    if (cursor === NO_CURSOR || cursor === this.#kept) return;
    this.#kept = cursor;
    const held = { cursor, flags, scope: this.#scope() };
    this.#place.write(() => encodeHeld(held));
  }

  /** Once everything that was to be kept is kept. */
  settled(): Promise<void> {
    return this.#place.settled();
  }

  async #read(): Promise<Held | null> {
    const text = await this.#place.read();
    if (text === null) return null;
    const held = decodeHeld(text);
    if (held === null) this.#onFault('cache_corrupt');
    return held?.scope === this.#scope() ? held : null;
  }
}
