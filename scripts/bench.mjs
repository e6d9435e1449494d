/**
 * Measures the built server beside floor programs: `npm run bench`, or `-- quick`, `-- fanout`, `-- polling`. See bench/README.md.
 */
import { dirname } from 'node:path';
import '../test/support/load-typescript.mjs';

process.chdir(dirname(import.meta.dirname));
const { main } = await import('../bench/main.ts');
process.exit(await main(process.argv.slice(2), (line) => console.log(line)));
