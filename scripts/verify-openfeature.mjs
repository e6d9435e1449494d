/**
 * Tries OpenFeature's stock clients from the registry, and ours, on a running server, and prints a table, client × capability:
 * `npm run verify:openfeature`. Exits with 1 if one of them cannot do what it should.
 */
import { dirname } from 'node:path';
import '../test/support/load-typescript.mjs';

process.chdir(dirname(import.meta.dirname));
const { main } = await import('../test/openfeature/main.ts');
process.exit(await main((line) => console.log(line)));
