import { styleText } from 'node:util';
import { type CommandError } from '../command-error.js';
import { redact } from './redact.js';
import { plain } from './table.js';

/** What of a stream is needed: the process's own in use, another one in a test. */
export interface Output {
  write(text: string): unknown;
  readonly isTTY?: boolean;
  /** Heeds NO_COLOR, FORCE_COLOR and TERM. */
  hasColors?(): boolean;
}

export type Colour = 'green' | 'yellow' | 'red' | 'dim' | 'bold';

/** What people or programs read: one of both, by `--json`. Results go to stdout, all else to stderr. */
export class Terminal {
  constructor(
    private readonly stdout: Output,
    private readonly stderr: Output,
    readonly json: boolean,
  ) {}

  /** Whether somebody sees stderr as it is written. */
  get isWatched(): boolean {
    return !this.json && this.stderr.isTTY === true;
  }

  /** The result: `document` for programs, `text` for people. */
  result(document: unknown, text: string): void {
    this.stdout.write(`${this.json ? JSON.stringify(document, null, 2) : text}\n`);
  }

  /** One of many results, as they come: a line each. */
  line(document: unknown, text: string): void {
    this.stdout.write(`${this.json ? JSON.stringify(document) : text}\n`);
  }

  /** As it is: a document that somebody stores. */
  raw(text: string): void {
    this.stdout.write(text);
  }

  /** Beside the result, for people alone. */
  note(text: string): void {
    if (!this.json) this.stderr.write(`${redact(text)}\n`);
  }

  /** A line that the next one replaces; '' takes it away. Only where somebody watches. */
  transient(text: string): void {
    if (this.isWatched) this.stderr.write(`\r\u001b[K${text}`);
  }

  error({ code, message, hint, refusal, exitCode }: CommandError): void {
    this.transient('');
    if (this.json) {
      const error = { code, message, ...(hint !== null && { hint }), ...refusal };
      this.stderr.write(`${redact(JSON.stringify({ error, exit_code: exitCode }, null, 2))}\n`);
      return;
    }
    const mistakes = (refusal.errors ?? []).map(({ path, message: mistake }) => `  ${path}: ${mistake}`);
    const log = refusal.request_id === undefined || exitCode === 3 ? [] : [`In the server's log: request ${refusal.request_id}`];
    const lines = [`error: ${message}`, ...mistakes, ...(hint === null ? [] : [hint]), ...log];
    this.stderr.write(`${redact(lines.map((line) => line.split('\n').map(plain).join('\n')).join('\n'))}\n`);
  }

  /** @returns the text as it is where stdout shows no colours. */
  paint(colour: Colour, text: string): string {
    const coloured = this.stdout.isTTY === true && this.stdout.hasColors?.() === true;
    // Whether there are colours has just been asked.
    return coloured ? styleText(colour, text, { validateStream: false }) : text;
  }
}
