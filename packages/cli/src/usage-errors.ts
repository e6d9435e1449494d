import { type Command } from 'commander';
import { usage } from './command-error.js';
import { redact } from './output/redact.js';
import { Terminal } from './output/terminal.js';

/**
 * Errors that the library finds in the arguments, as all others are: without what may be a secret, and as JSON where that was asked
 * for. Commands that are added afterwards have it too.
 */
export function speakPlainly(program: Command, argv: readonly string[] = process.argv): void {
  const json = argv.includes('--json');
  const write = (text: string): unknown => process.stderr.write(redact(text));
  program.configureOutput({
    // The advice where to find help comes after the error, and would be no JSON.
    writeErr: (text) => void (json || write(text)),
    outputError: (text) => void (json ? asJson(text) : write(text)),
  });
}

function asJson(text: string): void {
  const message = text.replace(/^error: /, '').trim();
  new Terminal(process.stdout, process.stderr, true).error(usage(message, 'Try: flagwire --help'));
}
