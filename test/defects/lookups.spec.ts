import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type FlagDefinition } from '@flagwire/protocol/sync';
import { DataSource, In, Like, type ObjectLiteral } from 'typeorm';
import { freshDatabase } from '../support/fresh-database.js';
import { EnvironmentHead } from '../../src/changes/environment-head.entity.js';
import { FlagState } from '../../src/changes/flag-state.entity.js';
import { readConfig } from '../../src/config/config.js';
import { Flag } from '../../src/flags/flag.entity.js';
import { dataSourceOptions } from '../../src/database/data-source-options.js';
import { Database } from '../../src/database/database.js';
import { Lookup } from '../../src/database/lookup.js';
import { Rows } from '../../src/database/rows.js';

const T = '2026-01-01T00:00:00.000Z';
const PLAIN = { projectId: 'p', description: '', valueType: 'string', createdAt: T, updatedAt: T } as const;
const FLAGS: Flag[] = [
  { ...PLAIN, id: '1', key: 'a', name: 'Ä "quoted"', variants: { z: '1', a: '{}' }, tags: ['x', 'y'], owner: 'me' },
  { ...PLAIN, id: '2', key: 'b', name: `it's`, variants: {}, tags: [], owner: null },
  { ...PLAIN, id: '3', key: 'c', name: '', variants: { on: 'null' }, tags: [], owner: '' },
].map((flag, index) => ({ ...flag, defaultVariant: null, critical: index === 1, version: 2 ** 30 + index, archivedAt: null }));

describe.each(['sqlite', 'postgres'] as const)('A lookup (%s)', (dialect) => {
  const folder = mkdtempSync(join(tmpdir(), 'flagwire-lookup-'));
  let source: DataSource;
  let database: Database;

  beforeAll(async () => {
    const url = dialect === 'sqlite' ? `sqlite:${join(folder, 'test.db')}` : (await freshDatabase('lookup')).url;
    const config = readConfig({ DATABASE_URL: url });
    source = new DataSource({ ...dataSourceOptions(config), entities: [Flag, FlagState, EnvironmentHead] });
    database = new Database(source, config);
    await database.open();
    await database.write(async (manager) => {
      await manager.query(`INSERT INTO project VALUES ('p', 'shop', 'Shop', 't', 't')`);
      await manager.query(`INSERT INTO environment VALUES ('e', 'p', 'live', 'Live', 't', 't')`);
      await manager.insert<ObjectLiteral>(Flag, FLAGS);
      const [epoch, mark] = ['aaaaaaaa', 'bbbbbb'];
      const head = { environmentId: 'e', epoch, mark, httpDate: T, originMark: mark, originHttpDate: T };
      await manager.insert(EnvironmentHead, { ...head, revision: 2 ** 40, keyRevision: 2 ** 50 });
    });
  });
  afterAll(async () => {
    await database.onApplicationShutdown();
    if (source.isInitialized) await source.destroy();
    rmSync(folder, { recursive: true });
  });

  it.each([['a'], ['a', 'c'], ['b', 'nobody'], ['nobody'], []])('finds what TypeORM finds: %s %s', async (...keys: string[]) => {
    const lookup = new Lookup(Flag, 'projectId', 'key');
    const found = await database.read((manager) => lookup.find(manager, ['p', keys]));
    const wanted = await database.read((manager) => manager.findBy(Flag, { projectId: 'p', key: In(keys) }));
    const byKey = (rows: Flag[]) => rows.sort((one, other) => (one.key < other.key ? -1 : 1));
    expect(byKey(found)).toEqual(byKey(wanted));
    expect(found.every((row) => row instanceof Flag)).toBe(true);
  });

  it('without columns finds every row, with large numbers as numbers', async () => {
    const heads = await database.read((manager) => new Lookup(EnvironmentHead).find(manager, []));
    expect(heads).toEqual(await database.read((manager) => manager.find(EnvironmentHead)));
    expect(heads).toMatchObject([{ revision: 2 ** 40, keyRevision: 2 ** 50 }]);
  });

  it('takes what it is given for a value, whatever it looks like', async () => {
    const lookup = new Lookup(Flag, 'key');
    for (const key of [`a' OR '1'='1`, '?', '$1', ':key', '"key"']) {
      expect(await database.read((manager) => lookup.find(manager, [key]))).toEqual([]);
    }
  });

  describe('rows that are written', () => {
    const rows = new Rows(Flag);
    const written: Flag[] = FLAGS.map((flag) => ({ ...flag, id: `new-${flag.id}`, key: `new-${flag.key}` }));
    const stored = () => database.read((manager) => manager.find(Flag, { where: { id: Like('new-%') }, order: { id: 'ASC' } }));

    it('are what TypeORM reads', async () => {
      await database.write((manager) => rows.insert(manager, written));
      expect(await stored()).toEqual(written);
    });

    it('are there once', async () => {
      const again = database.write((manager) => rows.insert(manager, written.slice(1)));
      await expect(again).rejects.toThrow(/unique/i);
    });

    it('replace those of the same key, and no others', async () => {
      const [first, second, third] = written as [Flag, Flag, Flag];
      const changed = { ...second, name: '?', tags: [], critical: !second.critical, owner: null, variants: { on: '$1' } };
      const more = { ...third, id: 'new-4', key: 'new-d' };
      await database.write((manager) => rows.put(manager, [changed, more]));
      expect(await stored()).toEqual([first, changed, third, more]);
    });

    it('may have a key of two columns', async () => {
      const states = new Rows(FlagState);
      const definition = { id: 'a', targeting: { '==': [1, '1'] } } as unknown as FlagDefinition;
      const state = { environmentId: 'e', flagId: 'a', version: 1, updatedAt: T, deleted: false, definition };
      await database.write((manager) => states.put(manager, [state, { ...state, flagId: 'b' }]));
      await database.write((manager) => states.put(manager, [{ ...state, version: 2 ** 31 - 1, deleted: true }]));
      const found = await database.read((manager) => manager.find(FlagState, { order: { flagId: 'ASC' } }));
      expect(found).toEqual([
        { ...state, version: 2 ** 31 - 1, deleted: true },
        { ...state, flagId: 'b' },
      ]);
    });

    it('may be changed in some columns', async () => {
      const heads = () => database.read((manager) => manager.find(EnvironmentHead));
      const [before] = (await heads()) as [EnvironmentHead];
      const raised = { ...before, revision: 2 ** 41, mark: `it's`, epoch: 'not this', keyRevision: 1 };
      await database.write((manager) => new Rows(EnvironmentHead, 'revision', 'mark').update(manager, raised));
      expect(await heads()).toEqual([{ ...before, revision: 2 ** 41, mark: `it's` }]);
      await database.write((manager) => new Rows(EnvironmentHead, 'revision').update(manager, { ...raised, environmentId: 'x' }));
      expect(await heads()).toEqual([{ ...before, revision: 2 ** 41, mark: `it's` }]);
    });

    it('may have SQL for a value', async () => {
      const [first] = written as [Flag];
      await database.write((manager) => rows.put(manager, [{ ...first, name: () => `'a' || 'b'` }]));
      expect((await stored())[0]).toEqual({ ...first, name: 'ab' });
    });
  });

  it('locks what it finds, where rows can be locked', async () => {
    const lookup = new Lookup(Flag, 'key');
    const order: string[] = [];
    let waiting: Promise<unknown> = Promise.resolve();
    await database.write(async (manager) => {
      await lookup.find(manager, ['a'], database.lockClause('UPDATE'));
      waiting = database.write(async (other) => {
        await lookup.find(other, ['a'], database.lockClause('UPDATE'));
        order.push('second');
      });
      await database.read((reader) => lookup.find(reader, ['a']));
      order.push('first');
    });
    await waiting;
    expect(order).toEqual(['first', 'second']);
  });
});
