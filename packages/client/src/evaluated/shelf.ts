import { isObject } from '@flagwire/protocol/sync';
import { type Cache, type CacheFault } from '../cache/cache.js';
import { markOf, scopeOf } from '../cache/held.js';
import { Place } from '../cache/place.js';
import { checksum, seal, unseal } from '../cache/seal.js';
import { within } from '../cache/within.js';
import { type Clock } from '../platform.js';
import { type Door } from './ask.js';
import { parseValues, type Values } from './values.js';

const FORMAT = 'flagwire-values-1';
/** Contexts. At the bound the one that was not used for the longest time is forgotten. */
export const MAX_CONTEXTS = 10;
/** For a cache that answers no more: it may keep up neither the start nor the end. */
const CACHE_MS = 2000;

interface Entry {
  readonly tag: string | null;
  readonly body: string;
}

/**
 * The last known values of some contexts, of one server and one key. In the cache it is one text, in which a context is a hash: whom
 * values are for is nobody else's business. Nothing of it throws.
 */
export class Shelf {
  /** By the mark of the context; the one that was used last stands last. */
  readonly #entries = new Map<string, Entry>();
  readonly #scope: string;
  readonly #place: Place;
  readonly #clock: Clock;
  readonly #onFault: (code: CacheFault, error?: unknown) => void;

  constructor(
    cache: Cache,
    { url, key }: Pick<Door, 'url' | 'key'>,
    clock: Clock,
    onFault: (code: CacheFault, error?: unknown) => void,
  ) {
    this.#scope = scopeOf({ url, flags: null }, markOf(key));
    this.#place = new Place(cache, onFault);
    this.#clock = clock;
    this.#onFault = onFault;
  }

  /** At most 2 s. */
  async load(): Promise<void> {
    const text = await within(this.#place.read(), CACHE_MS, this.#clock);
    if (text === null) return;
    const held = unseal(FORMAT, text);
    if (!isObject(held) || !Array.isArray(held['entries'])) return this.#onFault('cache_corrupt');
    if (held['scope'] !== this.#scope) return;
    for (const entry of held['entries'] as [string, Entry][]) this.#entries.set(...entry);
  }

  /** What is kept for this context; null: nothing. */
  of(context: string): Values | null {
    const mark = markOfContext(context);
    const entry = this.#entries.get(mark);
    if (entry === undefined) return null;
    this.#put(mark, entry);
    return parseValues(entry.body, entry.tag);
  }

  keep(context: string, { tag, body }: Values): void {
    const mark = markOfContext(context);
    const entry = this.#entries.get(mark);
    this.#put(mark, { tag, body });
    if (entry?.body === body && entry.tag === tag) return;
    this.#place.write(() => seal(FORMAT, { scope: this.#scope, entries: [...this.#entries] }));
  }

  /** Once everything is written, or after 2 s. */
  settled(): Promise<unknown> {
    return within(this.#place.settled(), CACHE_MS, this.#clock);
  }

  #put(mark: string, entry: Entry): void {
    this.#entries.delete(mark);
    this.#entries.set(mark, entry);
    for (const oldest of this.#entries.keys()) {
      if (this.#entries.size <= MAX_CONTEXTS) break;
      this.#entries.delete(oldest);
    }
  }
}

/** 64 bits. Should two contexts share them, the first answer says so: the server's tag holds a hash of its own. */
function markOfContext(context: string): string {
  return checksum(context) + checksum(`${context.length} ${context}`);
}
