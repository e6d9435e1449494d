import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from '@jest/globals';
import { parseFlagDefinition } from '@flagwire/protocol/sync';
import { fileCache } from '../node/file-cache.js';
import { initialState, type SyncState } from '../sync/state.js';
import { readBootstrap } from './bootstrap.js';
import { type Cache, storageCache } from './cache.js';
import { markOf, scopeOf } from './held.js';
import { LastKnownGood } from './last-known-good.js';

const folder = mkdtempSync(join(tmpdir(), 'flagwire-cache-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

let files = 0;
const newFile = () => join(folder, `flags-${(files += 1)}.json`);
const SCOPE = 'http://flags *';
const definition = {
  ...{
    id: 'a',
    name: 'ä €',
    description: '',
    status: 'enabled',
    value_type: 'boolean',
    variants: { on: true },
    default_variant: 'on',
  },
  ...{ targeting: {}, metadata: { version: 1, created_at: 't', updated_at: 't', tags: [], owner: null, critical: false } },
};
const flag = parseFlagDefinition(definition);
const at = (cursor: string): SyncState => initialState({ cursor, flags: new Map(flag === null ? [] : [['a', flag]]) });

function keeper(cache: Cache, scope = SCOPE) {
  const faults: string[] = [];
  return {
    faults,
    keeper: new LastKnownGood(
      cache,
      () => scope,
      (code) => void faults.push(code),
    ),
  };
}

function newStorage(): Cache {
  const texts = new Map<string, string>();
  return storageCache({ getItem: (name) => texts.get(name) ?? null, setItem: (name, text) => void texts.set(name, text) });
}

describe.each([
  ['a file', () => fileCache(newFile())],
  ['localStorage', newStorage],
])('The last known good in %s', (_name, make) => {
  it('is there at the next start, flags and cursor together', async () => {
    const cache = make();
    const first = keeper(cache);
    expect(await first.keeper.load()).toBeNull();
    first.keeper.keep(at('c1'));
    await first.keeper.settled();
    const second = keeper(cache);
    expect(await second.keeper.load()).toEqual(at('c1'));
    expect([first.faults, second.faults]).toEqual([[], []]);
  });

  it('is the newest of many', async () => {
    const cache = make();
    const { keeper: keeping } = keeper(cache);
    for (let n = 1; n <= 50; n += 1) keeping.keep(at(`c${n}`));
    await keeping.settled();
    expect((await keeper(cache).keeper.load())?.cursor).toBe('c50');
  });

  it('stays as it was where no cursor stands for the flags', async () => {
    const cache = make();
    const { keeper: keeping } = keeper(cache);
    keeping.keep(at('c1'));
    keeping.keep({ ...initialState(), cursor: 'none' });
    await keeping.settled();
    expect(await keeper(cache).keeper.load()).toEqual(at('c1'));
  });

  it('of another server or filter is not used, and is no fault', async () => {
    const cache = make();
    const { keeper: keeping } = keeper(cache);
    keeping.keep(at('c1'));
    await keeping.settled();
    const other = keeper(cache, 'http://flags a,b');
    expect([await other.keeper.load(), other.faults]).toEqual([null, []]);
  });
});

describe('A cache that is damaged', () => {
  it('is told by its code and means a cold start, wherever it was cut and whichever byte was changed', async () => {
    const path = newFile();
    const { keeper: keeping } = keeper(fileCache(path));
    keeping.keep(at('c1'));
    await keeping.settled();
    const good = readFileSync(path);
    for (let cut = 0; cut < good.length; cut += 1) {
      const changed = Buffer.from(good);
      changed[cut] = (changed[cut] ?? 0) ^ 1;
      for (const bad of [good.subarray(0, cut), changed]) {
        writeFileSync(path, bad);
        const { keeper: reading, faults } = keeper(fileCache(path));
        expect([cut, await reading.load(), faults]).toEqual([cut, null, ['cache_corrupt']]);
      }
    }
  });

  it('that cannot be read or written is told by its code', async () => {
    const { keeper: reading, faults } = keeper(fileCache(folder));
    expect(await reading.load()).toBeNull();
    reading.keep(at('c1'));
    await reading.settled();
    expect(faults).toEqual(['cache_unreadable', 'cache_unwritable']);
    expect(
      readdirSync(tmpdir()).filter((name) => folder.endsWith(name.replace(/\.\d+\.tmp$/, '')) && name.endsWith('.tmp')),
    ).toEqual([]);
  });
});

describe('A file', () => {
  it('is never half written: the new text takes the name once it is whole, and nobody else may read it', async () => {
    const path = newFile();
    const cache = fileCache(path);
    await cache.write('old');
    const { ino } = statSync(path);
    await cache.write('new');
    expect([await cache.read(), statSync(path).ino === ino, statSync(path).mode & 0o777]).toEqual(['new', false, 0o600]);
    expect(existsSync(`${path}.${process.pid}.tmp`)).toBe(false);
  });
});

describe('Bootstrap data', () => {
  it('is resumed from its cursor, where it has one', () => {
    expect(readBootstrap({ cursor: 'c7', flags: [definition] })).toEqual(at('c7'));
    expect(readBootstrap({ flags: [definition] })).toEqual(at('none'));
  });

  it('is a copy: what becomes of the original changes no flag', () => {
    const data = { flags: [structuredClone(definition)] };
    const state = readBootstrap(data);
    Object.assign(data.flags[0] ?? {}, { status: 'disabled' });
    expect(state).toEqual(at('none'));
  });

  const loop: unknown[] = [];
  loop.push(loop);
  it.each([undefined, null, 'text', { flags: {} }, { flags: [{ id: 'a' }] }, { flags: [], cursor: 7 }, loop, { flags: [1n] }])(
    'that cannot be read is none (%#)',
    (data) => {
      expect(readBootstrap(data)).toBeNull();
    },
  );
});

describe('What is kept', () => {
  const site = { url: 'http://flags/', flags: null };
  it('is told apart by server, key and filter, and names no key', () => {
    const keys = ['fw_srv_AAAAAAAAAAAAsecret', 'fw_srv_BBBBBBBBBBBBsecret', undefined];
    const scopes = keys.flatMap((key) => [scopeOf(site, markOf(key)), scopeOf({ ...site, flags: ['b', 'a'] }, markOf(key))]);
    expect(new Set(scopes).size).toBe(6);
    expect(scopeOf({ url: 'http://flags', flags: ['a', 'b', 'a'] }, markOf(keys[0]))).toBe(scopes[1]);
    expect(markOf('fw_srv_AAAAAAAAAAAAother')).toBe(markOf(keys[0]));
    expect(scopes.join()).not.toMatch(/AAAA|secret/);
  });
});
