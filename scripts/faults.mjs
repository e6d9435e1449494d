/**
 * `npm run test:faults -- --seed S --count N`: three nodes, their PostgreSQL and clients of every transport under N schedules of faults,
 * judged by what the clients and writers saw. `--file F` keeps what was found, so that a run goes on where it was broken off. Exits with
 * 1 where a promise was broken.
 */
import { dirname } from 'node:path';
import '../test/support/load-typescript.mjs';

// What it started ends with it, on `exit`.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.once(signal, () => process.exit(1));

process.chdir(dirname(import.meta.dirname));
const { main } = await import('../test/faults/cluster/main.ts');
process.exit(await main(process.argv.slice(2), (line) => console.log(line)));
