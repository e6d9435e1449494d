import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { CannotStart } from '../common/errors.js';
import { type LogFormat, type LogLevel } from '../common/log-line.js';
import { BadSetting, COMMAND_LINE_NAMES, SETTINGS, type Setting, type Settings } from './settings.js';

const isPostgres = (databaseUrl: string) => databaseUrl.startsWith('postgres');
const sqliteFileOf = (databaseUrl: string) => databaseUrl.replace(/^sqlite:(\/\/)?/, '');

const SettingsBase = class {} as new () => Settings;

/** The settings of this process: read once at start, frozen, injected wherever they are needed. */
export class Config extends SettingsBase {
  constructor(settings: Settings) {
    super();
    Object.assign(this, settings);
    Object.freeze(this);
  }

  /** What is logged, and how: lines of text for people, lines of JSON for a production's collector. */
  get logs(): { level: LogLevel; format: LogFormat } {
    return { level: this.logLevel, format: this.logFormat ?? (this.nodeEnv === 'production' ? 'json' : 'text') };
  }

  /** What this node is called where nodes are listed. */
  get nodeName(): string {
    return this.givenName ?? `${hostname()}:${this.port}`;
  }

  get isPostgres(): boolean {
    return isPostgres(this.databaseUrl);
  }

  /** The SQLite file. Meaningless on PostgreSQL. */
  get sqliteFile(): string {
    return sqliteFileOf(this.databaseUrl);
  }
}

/** Every mistake in the environment at once: the process cannot start. */
export class BadConfig extends CannotStart {
  override readonly name = 'BadConfig';
  constructor(readonly mistakes: string[]) {
    super(`Flagwire cannot start:\n${mistakes.map((mistake) => `  - ${mistake}`).join('\n')}`);
  }
}

type Environment = Record<string, string | undefined>;

/** The text of a setting: the variable itself, or the file that `<NAME>_FILE` names. */
function textOf(env: Environment, name: string): string | undefined {
  const file = env[`${name}_FILE`];
  if (file === undefined || file === '') return env[name] === '' ? undefined : env[name];
  if (env[name] !== undefined && env[name] !== '') throw new BadSetting(`and ${name}_FILE are both set: keep one`);
  try {
    return readFileSync(file, 'utf8').trim();
  } catch (error) {
    // Not which file: what stands there may be the secret itself.
    throw new BadSetting(`cannot be read from ${name}_FILE (${(error as NodeJS.ErrnoException).code})`);
  }
}

function read(env: Environment, setting: Setting<unknown>): unknown {
  const text = textOf(env, setting.name);
  return text === undefined ? setting.fallback : setting.parse(text);
}

/** Names that begin with FLAGWIRE_ and are no setting: most likely misspelt. */
function unknownNames(env: Environment): string[] {
  const settings = Object.values(SETTINGS).flatMap(({ name }) => [name, `${name}_FILE`]);
  const known = new Set<string>([...settings, ...COMMAND_LINE_NAMES]);
  const ours = Object.keys(env).filter((name) => name.startsWith('FLAGWIRE_') && !name.startsWith('FLAGWIRE_TEST_'));
  return ours.filter((name) => !known.has(name)).map((name) => `${name} is not a setting: see the table in README.md`);
}

/**
 * Reads the environment.
 * @throws BadConfig with every mistake in it.
 */
export function readConfig(env: Environment = process.env): Config {
  const mistakes = unknownNames(env);
  const values: Record<string, unknown> = {};
  for (const [key, setting] of Object.entries(SETTINGS) as [string, Setting<unknown>][]) {
    try {
      values[key] = read(env, setting);
    } catch (error) {
      if (!(error instanceof BadSetting)) throw error;
      mistakes.push(`${setting.name} ${error.message}`);
    }
  }
  if (values['nodeEnv'] === 'production' && values['adminToken'] === null) {
    mistakes.push('FLAGWIRE_ADMIN_TOKEN must be set when NODE_ENV is production; make one with: openssl rand -hex 32');
  }
  if (Number(values['workers']) > 1 && !isPostgres(String(values['databaseUrl']))) {
    mistakes.push(
      'FLAGWIRE_WORKERS must be 1 on SQLite, whose file is for one process: set DATABASE_URL to a PostgreSQL (postgres://…) for more',
    );
  }
  if (mistakes.length > 0) throw new BadConfig(mistakes);
  return new Config(values as unknown as Settings);
}

/**
 * For commands that need no other setting: the SQLite file that DATABASE_URL names; null: it names a PostgreSQL.
 * @throws CannotStart where it is wrong.
 */
export function readSqliteFile(env: Environment = process.env): string | null {
  try {
    const databaseUrl = read(env, SETTINGS.databaseUrl) as string;
    return isPostgres(databaseUrl) ? null : sqliteFileOf(databaseUrl);
  } catch (error) {
    if (!(error instanceof BadSetting)) throw error;
    throw new CannotStart(`${SETTINGS.databaseUrl.name} ${error.message}`);
  }
}
