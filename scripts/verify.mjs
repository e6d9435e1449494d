/**
 * Starts the built server as a black box and goes through what it promises, sentence by sentence, on SQLite and on PostgreSQL:
 * `npm run verify`. Options: see test/verify/options.ts. Exits with 1 if a sentence is not true.
 */
import { dirname } from 'node:path';
import '../test/support/load-typescript.mjs';

process.chdir(dirname(import.meta.dirname));
const { main } = await import('../test/verify/main.ts');
process.exit(await main(process.argv.slice(2), (line) => console.log(line)));
