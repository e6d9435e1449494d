import { NO_CURSOR } from '@flagwire/protocol/sync';
import { initialState, type SyncState } from '../sync/state.js';
import { type Cache } from './cache.js';
import { decodeHeld, encodeHeld, type Held, parseHeld } from './held.js';

/** Each is explained in docs/errors.md. */
export const CACHE_FAULTS = ['bootstrap_invalid', 'cache_corrupt', 'cache_unreadable', 'cache_unwritable'] as const;
export type CacheFault = (typeof CACHE_FAULTS)[number];

/**
 * Keeps the newest whole state, and begins with it: a program shows what it knew at once, `stale`, and resumes from its cursor.
 * Nothing of it throws: what is wrong is told by its code, and means a cold start, or that the next start is one.
 */
export class LastKnownGood {
  private kept: string;
  private next: Held | null = null;
  private writing: Promise<void> | null = null;

  constructor(
    private readonly cache: Cache,
    private readonly scope: string,
    private readonly onFault: (code: CacheFault, error?: unknown) => void,
  ) {
    this.kept = NO_CURSOR;
  }

  /** @param bootstrap `{flags, cursor?}`, which the application brings; used where nothing is kept. */
  async load(bootstrap?: unknown): Promise<SyncState> {
    const held = (await this.read()) ?? this.parse(bootstrap);
    if (held === null) return initialState();
    return initialState({ cursor: held.cursor, flags: held.flags });
  }

  /** After each input: writes where a whole state has come. While one is written, only the newest of those that follow waits. */
  keep({ cursor, flags }: SyncState): void {
    // After a drop the flags are shown on, but no cursor stands for them: what was kept before is still whole.
    if (cursor === NO_CURSOR || cursor === this.kept) return;
    this.kept = cursor;
    this.next = { cursor, flags, scope: this.scope };
    this.writing ??= this.write();
  }

  /** Once everything that was to be kept is kept. */
  async settled(): Promise<void> {
    await this.writing;
  }

  private async read(): Promise<Held | null> {
    let text: string | null;
    try {
      text = await this.cache.read();
    } catch (error) {
      this.onFault('cache_unreadable', error);
      return null;
    }
    if (text === null) return null;
    const held = decodeHeld(text);
    if (held === null) this.onFault('cache_corrupt');
    return held?.scope === this.scope ? held : null;
  }

  private parse(bootstrap: unknown): Held | null {
    if (bootstrap === undefined) return null;
    const held = parseHeld(bootstrap);
    if (held === null) this.onFault('bootstrap_invalid');
    return held;
  }

  private async write(): Promise<void> {
    for (let held = this.next; held !== null; held = this.next) {
      this.next = null;
      try {
        await this.cache.write(encodeHeld(held));
      } catch (error) {
        this.onFault('cache_unwritable', error);
      }
    }
    this.writing = null;
  }
}
