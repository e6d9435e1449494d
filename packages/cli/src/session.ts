import { isKey } from '@flagwire/protocol/admin';
import { isFlagId } from '@flagwire/protocol/sync';
import { type Command } from 'commander';
import { AdminApi } from './api/admin-api.js';
import { readUrl } from './api/site.js';
import { usage } from './command-error.js';
import { readSecret, type SecretSource, TOKEN } from './environment.js';
import { type EnvironmentOptions, type ServerOptions } from './options.js';
import { type Terminal } from './output/terminal.js';

/** What a command has at hand while it runs. */
export class Session<Options extends ServerOptions = ServerOptions> {
  readonly url: URL;

  constructor(
    private readonly command: Command,
    readonly terminal: Terminal,
    /** Aborted by Ctrl-C. */
    readonly signal: AbortSignal,
  ) {
    this.url = readUrl(this.options.url);
  }

  get options(): Options {
    return this.command.opts<Options>();
  }

  /** Asks the admin API with the token that was given, if any. */
  get api(): AdminApi {
    const timeoutMs = this.options.timeout * 1000;
    return new AdminApi({ url: this.url, token: this.secret(TOKEN, 'tokenFile'), timeoutMs, signal: this.signal });
  }

  /** @param option the name in `options` of the option with its file. */
  secret(source: SecretSource, option: string): string | null {
    const path = this.command.getOptionValue(option) as string | undefined;
    return readSecret(source, { path, given: this.command.getOptionValueSource(option) === 'cli' });
  }
}

/** A path of the API below a project. */
export function inProject({ project }: { project: string }, rest: string): string {
  return `api/projects/${checkKey('project', project)}/${rest}`;
}

/** The same below the environment that was chosen. */
export function inEnvironment(options: EnvironmentOptions, rest: string): string {
  return inProject(options, `environments/${environmentOf(options)}/${rest}`);
}

/** @throws CommandError where none was chosen: there is no default that could be production. */
export function environmentOf({ env }: EnvironmentOptions): string {
  if (env === undefined || env === '') {
    throw usage('Which environment?', 'Say it by --env, such as --env staging, or by FLAGWIRE_ENV.');
  }
  return checkKey('environment', env);
}

/** @throws CommandError for what would be another path than that of a flag. */
export function flagId(text: string): string {
  if (isFlagId(text)) return text;
  throw usage('That is no flag’s id: 1 to 128 letters, digits, dots, underscores and dashes, first a letter or a digit.');
}

function checkKey(what: string, text: string): string {
  if (isKey(text)) return text;
  throw usage(`That is no ${what}’s key: small letters, digits and dashes, first a letter, at most 63.`);
}
