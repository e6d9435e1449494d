/**
 * Changes, and clients that come and go, for an hour; then the server has to hold what it held before: `npm run soak`. Options:
 * `-- --help`. Exits with 1 where it does not, or where a client was told wrong.
 */
import { dirname } from 'node:path';
import '../test/support/load-typescript.mjs';

process.chdir(dirname(import.meta.dirname));
const { main } = await import('../test/soak/main.ts');
process.exit(await main(process.argv.slice(2), (line) => console.log(line)));
