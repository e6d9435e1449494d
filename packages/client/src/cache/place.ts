import { type Cache, type CacheFault } from './cache.js';

/** A cache that never throws: what is wrong is told by its code. */
export class Place {
  #next: (() => string) | null = null;
  #writing: Promise<void> | null = null;
  readonly #cache: Cache;
  readonly #onFault: (code: CacheFault, error?: unknown) => void;

  constructor(cache: Cache, onFault: (code: CacheFault, error?: unknown) => void) {
    this.#cache = cache;
    this.#onFault = onFault;
  }

  /** Null where nothing is kept, or it cannot be read. */
  async read(): Promise<string | null> {
    try {
      return await this.#cache.read();
    } catch (error) {
      this.#onFault('cache_unreadable', error);
      return null;
    }
  }

  /** While one text is written, only the newest of those that follow waits; it is made when its turn comes. */
  write(make: () => string): void {
    this.#next = make;
    this.#writing ??= this.#write();
  }

  /** Once everything that was to be kept is kept. */
  async settled(): Promise<void> {
    await this.#writing;
  }

  async #write(): Promise<void> {
    for (let make = this.#next; make !== null; make = this.#next) {
      this.#next = null;
      try {
        await this.#cache.write(make());
      } catch (error) {
        this.#onFault('cache_unwritable', error);
      }
    }
    this.#writing = null;
  }
}
