import cluster from 'node:cluster';
import { inspect } from 'node:util';
import { setFlagsFromString } from 'node:v8';
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
    // Where objects of the start have lived long, V8 would put all later ones of the same place among the old ones at once.
    // What a server makes for a request or a change dies with it. See docs/adr/0115-what-a-request-makes-is-young.md.
    setFlagsFromString('--no-allocation-site-pretenuring');
    // Each loads only what it needs: what keeps workers running is no server.
    if (cluster.isPrimary && config.workers > 1) new (await import('./workers/worker-pool.js')).WorkerPool(config).run();
    else await (await import('./serve.js')).serve(extensions);
  } catch (error) {
    console.error(redact(error instanceof CannotStart ? error.message : inspect(error)));
    process.exit(1);
  }
}
