import { WaitTimeout } from '@flagwire/client';
import { parseCursor } from '@flagwire/protocol/sync';
import { type Command } from 'commander';
import { CommandError, EXIT, own, usage } from '../command-error.js';
import { byKey, following, type KeyOptions } from '../following/connect.js';
import { runs } from '../run.js';

interface WaitOptions extends KeyOptions {
  cursor: string;
}

export function addWait(program: Command): void {
  const command = program
    .command('wait')
    .description('Waits until a client of the environment has what a write answered: its cursor, or what came after it.');
  byKey(command).requiredOption('--cursor <cursor>', 'of set, toggle and import, or of the header Flagwire-Cursor');
  runs<WaitOptions>(command, async (session) => {
    const { options, terminal } = session;
    const { cursor, timeout } = options;
    const target = parseCursor(cursor);
    if (target === null) throw usage('That is no cursor.', 'Give one as set, toggle and import print it: epoch.revision.mark');
    const from = performance.now();
    await following(session, null, async (client) => {
      try {
        await client.waitFor(cursor, { timeout_ms: timeout * 1000 });
      } catch (error) {
        if (!(error instanceof WaitTimeout)) throw error;
        throw late(client.status.cursor, target.epoch, timeout, client.status.state);
      }
      const waited_ms = Math.round(performance.now() - from);
      const { cursor: at, revision } = client.status;
      terminal.result(
        { reached: cursor, cursor: at, revision, waited_ms },
        `Here after ${waited_ms} ms, at revision ${revision}.`,
      );
    });
  });
}

function late(at: string | null, epoch: string, timeout: number, state: string): CommandError {
  if (at === null) {
    const hint = 'flagwire doctor looks for the reason.';
    return own('timed_out', `No flag came within ${timeout} s: still ${state}.`, EXIT.noAnswer, hint);
  }
  const isOther = parseCursor(at)?.epoch !== epoch;
  const hint = isOther
    ? 'That is another history: take the key of the environment, and of the server, that the cursor is of.'
    : 'Give it longer by --timeout.';
  return own('timed_out', `It has not come within ${timeout} s: still at ${at}.`, EXIT.noAnswer, hint);
}
