import { readFileSync } from 'node:fs';
import { EXIT, own, usage } from './command-error.js';

/** A secret of the command line: by a variable or a file, never by an argument, which every `ps` and shell history shows. */
export interface SecretSource {
  readonly what: string;
  readonly variable: string;
  readonly option: string;
}

export const TOKEN = { what: 'admin token', variable: 'FLAGWIRE_TOKEN', option: '--token-file' } satisfies SecretSource;
export const SDK_KEY = { what: 'SDK key', variable: 'FLAGWIRE_SDK_KEY', option: '--key-file' } satisfies SecretSource;

/**
 * @param file of the option, or of `<variable>_FILE`.
 * @returns null where there is none.
 * @throws CommandError for two of them, for a file that cannot be read, and for what no header can hold.
 */
export function readSecret(
  { what, variable, option }: SecretSource,
  file: { path: string | undefined; given: boolean },
  env: Readonly<Record<string, string | undefined>> = process.env,
): string | null {
  const path = file.path === '' ? undefined : file.path;
  const inline = file.given || env[variable] === '' ? undefined : env[variable];
  if (path !== undefined && inline !== undefined) throw usage(`${variable} and ${variable}_FILE are both set: keep one.`);
  const secret = path === undefined ? inline : readSecretFile(path, what, option);
  if (secret === undefined) return null;
  // fetch would quote it in its own refusal.
  if (!/^[\x21-\x7e]+$/.test(secret))
    throw usage(`The ${what} is empty, or has characters that none can have: white space, or beyond ASCII.`);
  return secret;
}

function readSecretFile(path: string, what: string, option: string): string {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch (error) {
    // Not which file: what stands there may be the secret itself.
    const reason = (error as NodeJS.ErrnoException).code ?? 'unknown';
    const message = `The file of the ${what} cannot be read (${reason}).`;
    throw own('unreadable_file', message, EXIT.usage, `Give the path of a file that holds it by ${option}.`);
  }
}
