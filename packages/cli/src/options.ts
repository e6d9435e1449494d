import { type Command, InvalidArgumentError, Option } from 'commander';

const DEFAULT_TIMEOUT_S = 30;

export interface OutputOptions {
  json?: true;
}

export interface ServerOptions extends OutputOptions {
  url: string;
  tokenFile?: string;
  /** Seconds. */
  timeout: number;
}

export interface ProjectOptions extends ServerOptions {
  project: string;
}

export interface EnvironmentOptions extends ProjectOptions {
  env?: string;
}

/** Seconds, above 0 and up to a day. */
export function seconds(text: string): number {
  const value = Number(text);
  if (!/^\d+(\.\d+)?$/.test(text) || value <= 0 || value > 86_400)
    throw new InvalidArgumentError('Give seconds, above 0 and up to 86400.');
  return value;
}

/** Ends in an option that may be given more than once. */
export function collect(value: string, previous: string[] = []): string[] {
  return [...previous, value];
}

export function address(command: Command): Command {
  return command
    .addOption(new Option('-u, --url <url>', 'address of the server').env('FLAGWIRE_URL').default('http://127.0.0.1:3000'))
    .option('--timeout <seconds>', 'how long the server may take', seconds, DEFAULT_TIMEOUT_S)
    .option('--json', 'print JSON, for programs; errors too, on stderr');
}

/** Options of what asks the admin API. */
export function onServer(command: Command): Command {
  return address(command).addOption(
    new Option('--token-file <path>', 'file with the admin token, in place of FLAGWIRE_TOKEN').env('FLAGWIRE_TOKEN_FILE'),
  );
}

export function inProject(command: Command): Command {
  return onServer(command).addOption(new Option('-p, --project <key>', 'project').env('FLAGWIRE_PROJECT').default('default'));
}

/** No default: nobody should change production because he forgot to say otherwise. */
export function inEnvironment(command: Command): Command {
  return inProject(command).addOption(new Option('-e, --env <key>', 'environment').env('FLAGWIRE_ENV'));
}

/** Option of a POST. */
export function once(command: Command): Command {
  return command.option('--idempotency-key <key>', 'what was sent with this key before is not done again; default: a new one');
}
