/**
 * Lets plain Node run the TypeScript of this folder: `node --import ./test/support/load-typescript.mjs script.mjs`,
 * or import it first and the `.ts` files with `await import()` after.
 */
import { register } from 'node:module';

register('./typescript-hooks.mjs', import.meta.url);
