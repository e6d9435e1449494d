import cluster from 'node:cluster';
import { inspect } from 'node:util';
import { CannotStart } from './common/errors.js';
import { redact } from './common/redact.js';
import { readConfig } from './config/config.js';
import { type Extension } from './serve.js';

export { type Extension } from './serve.js';

/**
 * Runs the server as this process, with `extensions` beside its own modules: listens, and opens the database in the
 * background. Resolves when it serves. Ends the process by SIGTERM or SIGINT with 0, and with 1 where it cannot start.
 * With `FLAGWIRE_WORKERS` above 1 this process runs its own program that often instead, as workers, and resolves when they have begun.
 */
export async function runServer(extensions: readonly Extension[] = []): Promise<void> {
  try {
    const config = readConfig();
    // Each loads only what it needs: what keeps workers running is no server.
    if (cluster.isPrimary && config.workers > 1) new (await import('./workers/worker-pool.js')).WorkerPool(config).run();
    else await (await import('./serve.js')).serve(extensions);
  } catch (error) {
    console.error(redact(error instanceof CannotStart ? error.message : inspect(error)));
    process.exit(1);
  }
}
