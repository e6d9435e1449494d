import { type ConnectionFailed, FlagSyncClient, type FlagwireError } from '@flagwire/client';
import { type Command, Option } from 'commander';
import { CommandError, EXIT, usage } from '../command-error.js';
import { SDK_KEY } from '../environment.js';
import { address, type ServerOptions } from '../options.js';
import { type Session } from '../session.js';

export interface KeyOptions extends ServerOptions {
  keyFile?: string;
}

/** What no waiting mends, and what the process then ends with. All else the client gets over by itself. */
const HOPELESS: Readonly<Record<string, number>> = {
  unauthorized: EXIT.refused,
  redirected: EXIT.refused,
  tls_failed: EXIT.noAnswer,
};

/** Options of what follows an environment as its clients do. The key says which one. */
export function byKey(command: Command): Command {
  return address(command).addOption(
    new Option('--key-file <path>', 'file with a server key, in place of FLAGWIRE_SDK_KEY').env('FLAGWIRE_SDK_KEY_FILE'),
  );
}

/**
 * Lets `work` follow the environment of the key, with a client that is closed at its end, whatever that is.
 * @throws CommandError also for a connection that is refused for good.
 */
export async function following<T>(
  session: Session<KeyOptions>,
  flags: readonly string[] | null,
  work: (client: FlagSyncClient) => Promise<T>,
): Promise<T> {
  const client = makeClient(session, flags);
  const ended = new Promise<never>((_resolve, reject) => {
    session.signal.addEventListener('abort', () => reject(session.signal.reason as Error), { once: true });
    client.on('error', (error) => {
      const exitCode = HOPELESS[error.code];
      if (exitCode !== undefined) reject(refused(error, exitCode));
    });
  });
  try {
    return await Promise.race([work(client), ended]);
  } finally {
    await client.close();
  }
}

function makeClient(session: Session<KeyOptions>, flags: readonly string[] | null): FlagSyncClient {
  const sdkKey = session.secret(SDK_KEY, 'keyFile');
  if (sdkKey === null) {
    throw usage('With which key?', 'Put a server key of the environment into FLAGWIRE_SDK_KEY, or its file into --key-file.');
  }
  try {
    return new FlagSyncClient({ url: session.url.href, sdkKey, flags, warn: () => undefined });
  } catch (error) {
    throw usage((error as Error).message);
  }
}

function refused(error: FlagwireError, exitCode: number): CommandError {
  const { status } = error as ConnectionFailed;
  const hint = 'flagwire doctor looks for the reason; docs/errors.md has the code.';
  return new CommandError(error.code, error.message, exitCode, hint, typeof status === 'number' ? { status } : {});
}
