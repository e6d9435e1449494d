import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { BadConfig, readConfig } from './config.js';
import { COMMAND_LINE_NAMES, SETTINGS } from './settings.js';

const TOKEN = 'a'.repeat(32);
let directory: string;
beforeAll(() => void (directory = mkdtempSync(join(tmpdir(), 'flagwire-config-'))));
afterAll(() => rmSync(directory, { recursive: true }));

function fileWith(text: string): string {
  const path = join(directory, `setting-${text.length}`);
  writeFileSync(path, text);
  return path;
}

function mistakesOf(env: Record<string, string>): string[] {
  try {
    readConfig(env);
    return [];
  } catch (error) {
    if (error instanceof BadConfig) return error.mistakes;
    throw error;
  }
}

describe('The configuration', () => {
  it('has a value for every setting without a single variable', () => {
    const config = readConfig({});
    expect(config).toMatchObject({ port: 3000, tailMs: 250, ringRevisions: 1000, floorRevisions: 10_000, adminToken: null });
    expect(Object.keys(SETTINGS).every((name) => name in config)).toBe(true);
  });

  it('holds times in milliseconds, whatever they are given in', () => {
    const config = readConfig({ FLAGWIRE_PING_S: '2.5', FLAGWIRE_FLOOR_S: '60', FLAGWIRE_TAIL_MS: '100' });
    expect(config).toMatchObject({ pingMs: 2500, floorMs: 60_000, tailMs: 100 });
  });

  it('cannot be changed', () => {
    const config = readConfig({});
    expect(() => Object.assign(config, { port: 1 })).toThrow(TypeError);
  });

  it('names every mistake at once, and a name that it does not know', () => {
    const mistakes = mistakesOf({
      PORT: 'many',
      FLAGWIRE_TAIL_MS: '1',
      DATABASE_URL: 'mysql://x',
      FLAGWIRE_PINGS: '15',
      FLAGWIRE_METRICS_OPEN: 'yes',
      FLAGWIRE_ADMIN_TOKEN: 'short',
    });
    expect(mistakes).toHaveLength(6);
    for (const name of [
      'PORT',
      'FLAGWIRE_TAIL_MS',
      'DATABASE_URL',
      'FLAGWIRE_PINGS',
      'FLAGWIRE_METRICS_OPEN',
      'FLAGWIRE_ADMIN_TOKEN',
    ]) {
      expect(mistakes.filter((mistake) => mistake.startsWith(`${name} `))).toHaveLength(1);
    }
  });

  it('says all of it in the message of the failure, and no value that may be a secret', () => {
    const run = () => readConfig({ FLAGWIRE_ADMIN_TOKEN: 'hunter2', PORT: '-1' });
    expect(run).toThrow(/cannot start:\n {2}- PORT must be a whole number.*\n {2}- FLAGWIRE_ADMIN_TOKEN must have/);
    expect(run).not.toThrow(/hunter2/);
  });

  it.each(['', ' ', '1.5', '0x10', '1e3', '65536', '-1', '３'])('takes no %j for a whole number', (text) => {
    const given = mistakesOf({ PORT: text });
    expect(given).toHaveLength(text === '' ? 0 : 1);
  });

  it('leaves alone what the command line reads, and not what is nearly so', () => {
    expect(mistakesOf(Object.fromEntries(COMMAND_LINE_NAMES.map((name) => [name, 'anything'])))).toEqual([]);
    expect(mistakesOf({ FLAGWIRE_URI: 'anything' })).toEqual(['FLAGWIRE_URI is not a setting: see the table in README.md']);
  });

  it('takes an empty variable for none', () => {
    expect(readConfig({ PORT: '', FLAGWIRE_ADMIN_TOKEN: '' })).toMatchObject({ port: 3000, adminToken: null });
  });

  it('leaves alone what is not its own', () => {
    expect(mistakesOf({ HOME: '/root', FLAGWIRE_TEST_SEED: '5', FLAG: 'x' })).toEqual([]);
  });

  it('does not start in production without an admin token', () => {
    expect(mistakesOf({ NODE_ENV: 'production' })).toEqual([expect.stringContaining('FLAGWIRE_ADMIN_TOKEN must be set')]);
    expect(mistakesOf({ NODE_ENV: 'production', FLAGWIRE_ADMIN_TOKEN: TOKEN })).toEqual([]);
  });
});

describe('A setting in a file', () => {
  it('is read from there, without the line end', () => {
    expect(readConfig({ FLAGWIRE_ADMIN_TOKEN_FILE: fileWith(`${TOKEN}\n`) }).adminToken).toBe(TOKEN);
    expect(readConfig({ DATABASE_URL_FILE: fileWith('postgres://db/flagwire') }).isPostgres).toBe(true);
  });

  it('is a mistake where the variable is set, too', () => {
    const mistakes = mistakesOf({ PORT: '1', PORT_FILE: fileWith('2') });
    expect(mistakes).toEqual(['PORT and PORT_FILE are both set: keep one']);
  });

  it('is a mistake where the file is not there, or has nothing fit in it', () => {
    expect(mistakesOf({ PORT_FILE: join(directory, 'absent') })).toEqual([
      expect.stringContaining('PORT cannot be read from PORT_FILE'),
    ]);
    expect(mistakesOf({ PORT_FILE: fileWith('many') })).toEqual([expect.stringContaining('PORT must be a whole number')]);
  });
});

describe('The database in the configuration', () => {
  it.each([
    ['sqlite:./data/flagwire.db', './data/flagwire.db'],
    ['sqlite:///var/lib/flagwire.db', '/var/lib/flagwire.db'],
    ['sqlite:/var/lib/flagwire.db', '/var/lib/flagwire.db'],
  ])('%s is the file %s', (url, file) => {
    const config = readConfig({ DATABASE_URL: url });
    expect([config.isPostgres, config.sqliteFile]).toEqual([false, file]);
  });

  it.each(['postgres://u:p@h:port/db', 'postgres://u:p@h:99999/db', 'postgres://u:p/w@h/db'])(
    '%s is no address, at which the database would be looked for in vain: a mistake',
    (url) => {
      expect(mistakesOf({ DATABASE_URL: url })).toEqual([expect.stringMatching(/^DATABASE_URL must be like postgres:\/\//)]);
      expect(mistakesOf({ DATABASE_LISTEN_URL: url })).toEqual([expect.stringMatching(/^DATABASE_LISTEN_URL must be like/)]);
    },
  );

  it.each(['postgres://u:p@h/db', 'postgresql://h/db', 'postgres://u:p@/db?host=/run/postgresql'])('%s is PostgreSQL', (url) => {
    expect(readConfig({ DATABASE_URL: url }).isPostgres).toBe(true);
  });

  it.each(['sqlite:', 'sqlite://', 'sqlite::memory:'])('%s is no file, whose content would be lost: a mistake', (url) => {
    expect(mistakesOf({ DATABASE_URL: url })).toEqual([expect.stringContaining('DATABASE_URL')]);
  });
});
