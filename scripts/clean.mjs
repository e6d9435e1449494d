/** A build starts from nothing: a migration that was renamed must not stay behind in dist/ and run. */
import { rmSync } from 'node:fs';
import { join } from 'node:path';

rmSync(join(import.meta.dirname, '..', 'dist'), { recursive: true, force: true });
