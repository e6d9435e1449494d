import { type Command } from 'commander';
import { byKey, following, type KeyOptions } from '../following/connect.js';
import { TailLines } from '../following/tail-lines.js';
import { collect } from '../options.js';
import { runs } from '../run.js';

interface TailOptions extends KeyOptions {
  flags?: string[];
}

/** How often the lag at the bottom is told anew. */
const EVERY_MS = 1000;

export function addTail(program: Command): void {
  const command = program
    .command('tail')
    .description('Shows each change of an environment as it comes, and how far behind it may be, until Ctrl-C.');
  byKey(command).option(
    '-f, --flags <filter>',
    'only these: an id, or a prefix as checkout.*; may be given more than once',
    collect,
  );
  runs<TailOptions>(command, async (session) => {
    const { flags } = session.options;
    await following(session, flags ?? null, async (client) => {
      const lines = new TailLines(session.terminal, client);
      client.on('change', (change) => lines.onChange(change));
      client.on('status', (status) => lines.onStatus(status));
      client.on('error', (error) => lines.onError(error));
      const timer = session.terminal.isWatched ? setInterval(() => lines.show(), EVERY_MS) : undefined;
      try {
        await endOf(session.signal);
      } finally {
        clearInterval(timer);
      }
    });
  });
}

/** Rejects with the reason, once there is one. */
function endOf(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
  });
}
