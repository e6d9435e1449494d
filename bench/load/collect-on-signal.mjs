/** Imported before a program: SIGUSR2 collects its garbage and leaves the bytes in use in a file of the temporary folder. */
import { renameSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

process.on('SIGUSR2', () => {
  globalThis.gc();
  globalThis.gc();
  const { heapUsed, external } = process.memoryUsage();
  const file = join(tmpdir(), `flagwire-bench-${process.pid}.json`);
  writeFileSync(`${file}.new`, String(heapUsed + external));
  renameSync(`${file}.new`, file);
});
