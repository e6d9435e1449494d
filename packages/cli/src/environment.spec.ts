import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from '@jest/globals';
import { readSecret, TOKEN } from './environment.js';

const folder = mkdtempSync(join(tmpdir(), 'flagwire-secret-'));
afterAll(() => rmSync(folder, { recursive: true }));
const path = join(folder, 'token');
writeFileSync(path, ' from-the-file\n');

/** By the variable, the variable's file, or the option. */
const read = (inline: string | undefined, file: string | undefined, given = false) =>
  readSecret(TOKEN, { path: file, given }, { FLAGWIRE_TOKEN: inline });

describe('a secret of the command line', () => {
  it('comes from its variable, from the file of its variable, or from the file of its option, which counts more', () => {
    expect(read('inline', undefined)).toBe('inline');
    expect(read(undefined, path)).toBe('from-the-file');
    expect(read('inline', path, true)).toBe('from-the-file');
    expect(() => read('inline', path)).toThrow(/keep one/);
  });

  it('is none where nothing is set, and where what is set is empty', () => {
    expect([read(undefined, undefined), read('', ''), read('', undefined)]).toEqual([null, null, null]);
  });

  it.each(['gehe\u00efm', 'two words', 'a\nb'])('is refused where no header can hold it, and not repeated', (secret) => {
    expect(() => read(secret, undefined)).toThrow(/has characters that none can have/);
    expect(() => read(secret, undefined)).not.toThrow(secret);
  });

  it('is not taken for a path that is repeated, where somebody gave it for one', () => {
    const secret = 'the-token-itself';
    expect(() => read(undefined, secret, true)).toThrow('The file of the admin token cannot be read (ENOENT).');
  });
});
