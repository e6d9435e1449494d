/** What the SDK has for pages alone. */
export { storageCache } from './cache/cache.js';
export type { StorageLike } from './cache/cache.js';
