import { type Command } from 'commander';
import { CommandError, EXIT, own } from './command-error.js';
import { type ServerOptions } from './options.js';
import { Terminal } from './output/terminal.js';
import { Session } from './session.js';

/** Whatever a command does. */
export type Work<Options extends ServerOptions> = (session: Session<Options>, ...args: string[]) => Promise<void>;

/**
 * Lets `command` do `work`. Its failure is printed and becomes the exit code; the process then ends by itself, once all that was
 * printed has been read. Ctrl-C aborts what is under way, and a second one ends the process at once.
 */
export function runs<Options extends ServerOptions>(command: Command, work: Work<Options>): void {
  command.action(async (...given: unknown[]) => {
    const terminal = new Terminal(process.stdout, process.stderr, command.opts<Options>().json === true);
    const interrupt = new AbortController();
    const onSignal = (): void => interrupt.abort(own('interrupted', 'Interrupted.', EXIT.interrupted));
    process.once('SIGINT', onSignal);
    process.stdout.on('error', endOfReader);
    try {
      const session = new Session<Options>(command, terminal, interrupt.signal);
      await work(session, ...(given.slice(0, -2) as string[]));
    } catch (error) {
      process.exitCode = fail(terminal, interrupt.signal.aborted ? interrupt.signal.reason : error);
    } finally {
      process.off('SIGINT', onSignal);
    }
  });
}

/** Whoever read has read enough, as `head` does. */
function endOfReader(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EPIPE') throw error;
  process.exit(EXIT.done);
}

function fail(terminal: Terminal, thrown: unknown): number {
  const error = thrown instanceof CommandError ? thrown : unexpected(thrown);
  if (error.exitCode === EXIT.interrupted) terminal.transient('');
  else terminal.error(error);
  return error.exitCode;
}

function unexpected(thrown: unknown): CommandError {
  const what = thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown);
  return own(
    'unexpected',
    `Flagwire made a mistake: ${what}`,
    EXIT.unexpected,
    'Please report it, with the command that was given.',
  );
}
