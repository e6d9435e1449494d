import { type Problem } from '@flagwire/protocol/admin';

/** What the process ends with. A script can tell by it whether to try again (4), to give up (3) or to mend the call (2). */
export const EXIT = {
  done: 0,
  unexpected: 1,
  usage: 2,
  refused: 3,
  noAnswer: 4,
  faults: 5,
  interrupted: 130,
} as const;

/** What the command line says by itself; a refusal of the server has the server's own code. All are in docs/cli.md. */
export const COMMAND_CODES = [
  'bad_usage',
  'unreadable_file',
  'not_reachable',
  'timed_out',
  'redirected',
  'not_flagwire',
  'faults_found',
  'interrupted',
  'unexpected',
] as const;
export type CommandCode = (typeof COMMAND_CODES)[number];

/** What a refusal of the server has beside its sentence. */
export type Refusal = Partial<Pick<Problem, 'status' | 'errors' | 'request_id'>>;

/** Why a command was not done: one sentence that says what and where, and a hint that says what to do. */
export class CommandError extends Error {
  override readonly name = 'CommandError';

  constructor(
    /** Of `COMMAND_CODES`, or of the server. */
    readonly code: string,
    message: string,
    readonly exitCode: number,
    readonly hint: string | null = null,
    readonly refusal: Refusal = {},
  ) {
    super(message);
  }

  /** The same with what to do. */
  advise(hint: string): CommandError {
    return new CommandError(this.code, this.message, this.exitCode, hint, this.refusal);
  }
}

/** Wrong use: exit code 2. */
export function usage(message: string, hint: string | null = null): CommandError {
  return own('bad_usage', message, EXIT.usage, hint);
}

export function own(code: CommandCode, message: string, exitCode: number, hint: string | null = null): CommandError {
  return new CommandError(code, message, exitCode, hint);
}
