/** Each is explained in docs/errors.md. */
export const CACHE_FAULTS = ['bootstrap_invalid', 'cache_corrupt', 'cache_unreadable', 'cache_unwritable'] as const;
export type CacheFault = (typeof CACHE_FAULTS)[number];

/** A place for one text. Neither knows what it holds: what is read is checked by `decodeHeld`. */
export interface Cache {
  /** Null: nothing was kept. May throw, or reject. */
  read(): string | null | Promise<string | null>;
  /** Replaces all or nothing. May throw, or reject. */
  write(text: string): void | Promise<void>;
}

/** `localStorage`, or what has its shape. */
export interface StorageLike {
  getItem(name: string): string | null;
  setItem(name: string, text: string): void;
}

/** In a browser. One name for each environment and filter. */
export function storageCache(storage: StorageLike, name = 'flagwire'): Cache {
  return { read: () => storage.getItem(name), write: (text) => storage.setItem(name, text) };
}
