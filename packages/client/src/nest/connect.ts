import { FlagSyncClient } from '../api/flag-sync-client.js';
import { flagdEvaluator } from '../evaluation/flagd-evaluator.js';
import { loggerOf } from './logger-of.js';
import { type FlagwireModuleOptions } from './options.js';

const READY_TIMEOUT_MS = 5000;

/**
 * A client that has the flags of the server, or has waited for them; what it meets goes to Nest's log.
 * @throws (rejects) InvalidOptions, InvalidFlags; ReadyTimeout where the flags are `required`; where `signal` is aborted, its reason,
 *   or ClientClosed. No client is left then.
 */
export async function connect(options: FlagwireModuleOptions, name?: string): Promise<FlagSyncClient> {
  const { ready_timeout_ms: timeout_ms = READY_TIMEOUT_MS, required = false, context: _context, signal, ...rest } = options;
  signal?.throwIfAborted();
  const logger = loggerOf(name);
  const client = new FlagSyncClient({ evaluator: flagdEvaluator(), warn: (message) => logger.warn(message), ...rest });
  client.on('error', ({ code, message }) => logger.warn(`${code}: ${message}`));
  client.on('status', ({ state }) => logger.log(`flags are ${state}`));
  signal?.addEventListener('abort', () => void client.close(), { once: true });
  if (timeout_ms > 0 || required) {
    try {
      await client.ready({ timeout_ms });
    } catch (error) {
      if (required || signal?.aborted === true) {
        await client.close();
        throw error;
      }
      logger.warn(`no flags of the server within ${timeout_ms} ms: starting without`);
    }
  }
  return client;
}
