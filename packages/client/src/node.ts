/** What the SDK has for Node.js alone. */
export { fileCache } from './node/file-cache.js';
