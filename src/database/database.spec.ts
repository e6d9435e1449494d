import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { DataSource, type EntityManager } from 'typeorm';
import { DatabaseUnavailable, NotFound, StorageFull } from '../common/errors.js';
import { readConfig } from '../config/config.js';
import { dataSourceOptions } from './data-source-options.js';
import { Database } from './database.js';
import { isUniqueViolation } from './failures.js';
import { lockSqliteFile, SqliteInUse } from './sqlite-lock.js';

let directory: string;
let file: string;
let writer: DataSource;
let database: Database;

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'flagwire-database-'));
  file = join(directory, 'test.db');
  const config = readConfig({ DATABASE_URL: `sqlite:${file}` });
  writer = new DataSource({ ...dataSourceOptions(config), entities: [] });
  database = new Database(writer, config);
  await database.open();
});
afterEach(async () => {
  await database.onApplicationShutdown();
  if (writer.isInitialized) await writer.destroy();
  rmSync(directory, { recursive: true });
});

const insert = (manager: EntityManager, key: string) =>
  manager.query(`INSERT INTO project (id, key, name, created_at, updated_at) VALUES ('${key}', '${key}', '', '', '')`);
const keys = async (manager: EntityManager) => {
  const rows: { key: string }[] = await manager.query('SELECT key FROM project ORDER BY key');
  return rows.map(({ key }) => key);
};

/** A promise that the test decides. */
function gate(): { opened: Promise<void>; open: () => void } {
  let open: () => void = () => undefined;
  const opened = new Promise<void>((resolve) => (open = resolve));
  return { opened, open };
}

describe('The database on SQLite', () => {
  it('keeps a transaction that commits while another one, begun before, fails late', async () => {
    const { opened, open } = gate();
    const failing = database.write(async (manager) => {
      await insert(manager, 'lost');
      await opened;
      throw new Error('refused late');
    });
    const committing = database.write((manager) => insert(manager, 'kept'));
    open();
    await expect(failing).rejects.toThrow('refused late');
    await committing;
    expect(await database.read(keys)).toEqual(['kept']);
  });

  it('makes one transaction of the writes that together leads to', async () => {
    const failing = database.together(async () => {
      await database.write((manager) => insert(manager, 'first'));
      await database.write((manager) => insert(manager, 'second'));
      expect(await database.read(keys)).toEqual([]);
      throw new Error('refused late');
    });
    await expect(failing).rejects.toThrow('refused late');
    expect(await database.read(keys)).toEqual([]);
    await database.together(async () => {
      await database.write((manager) => insert(manager, 'first'));
      await database.write((manager) => insert(manager, 'second'));
    });
    expect(await database.read(keys)).toEqual(['first', 'second']);
  });

  it('keeps out of a transaction of together what outlives it, and what others write meanwhile', async () => {
    const { opened, open } = gate();
    let late: Promise<unknown> = Promise.resolve();
    const failing = database.together((manager) => {
      late = opened.then(() => database.write((own) => insert(own, 'late')));
      return insert(manager, 'lost').then(() => Promise.reject(new Error('refused late')));
    });
    const other = database.write((manager) => insert(manager, 'other'));
    await expect(failing).rejects.toThrow('refused late');
    open();
    await Promise.all([late, other]);
    expect(await database.read(keys)).toEqual(['late', 'other']);
  });

  it('runs transactions one at a time, in the order in which they came', async () => {
    const order: string[] = [];
    const write = (name: string) =>
      database.write(async (manager) => {
        order.push(`${name} begins`);
        await insert(manager, name);
        await new Promise((resolve) => setImmediate(resolve));
        order.push(`${name} ends`);
      });
    await Promise.all(['a', 'b', 'c'].map(write));
    expect(order).toEqual(['a', 'b', 'c'].flatMap((name) => [`${name} begins`, `${name} ends`]));
  });

  it('shows readers committed rows only, while a transaction that will fail is open', async () => {
    await database.write((manager) => insert(manager, 'there'));
    const inside = gate();
    const { opened, open } = gate();
    const failing = database.write(async (manager) => {
      await insert(manager, 'phantom');
      inside.open();
      await opened;
      throw new Error('refused late');
    });
    await inside.opened;
    expect(await database.read(keys)).toEqual(['there']);
    expect(await database.snapshot(keys)).toEqual(['there']);
    open();
    await expect(failing).rejects.toThrow();
    expect(await database.read(keys)).toEqual(['there']);
  });

  it('gives a snapshot one moment, whatever is committed meanwhile', async () => {
    await database.write((manager) => insert(manager, 'a'));
    const [before, after] = await database.snapshot(async (manager) => {
      const first = await keys(manager);
      await database.write((other) => insert(other, 'b'));
      return [first, await keys(manager)];
    });
    expect([before, after]).toEqual([['a'], ['a']]);
    expect(await database.read(keys)).toEqual(['a', 'b']);
  });

  it('commits what it answers for after a disk was full, where SQLite has rolled back by itself', async () => {
    const fill = (manager: EntityManager) =>
      manager.query(
        `INSERT INTO project (id, key, name, created_at, updated_at) VALUES ('l', 'l', hex(zeroblob(99999)), '', '')`,
      );
    await database.write((manager) => insert(manager, 'first'));
    await writer.query('PRAGMA max_page_count = 1');
    for (let times = 0; times < 3; times += 1) await expect(database.write(fill)).rejects.toThrow(StorageFull);
    // A refusal of another kind: TypeORM would take its rollback for one to a savepoint.
    await expect(database.write(() => Promise.reject(new NotFound('flag', 'x')))).rejects.toThrow(NotFound);
    await writer.query('PRAGMA max_page_count = 1000000');
    await database.write((manager) => insert(manager, 'second'));
    expect(await database.read(keys)).toEqual(['first', 'second']);
  });

  it('refuses to write through its reader', async () => {
    await expect(database.read((manager) => insert(manager, 'a'))).rejects.toThrow(/readonly|read-only|read only/i);
    await expect(database.snapshot((manager) => insert(manager, 'a'))).rejects.toThrow(/readonly|read-only|read only/i);
    expect(await database.read(keys)).toEqual([]);
  });

  it('passes on what the domain refuses, and what is wrong with a statement', async () => {
    await expect(database.write(() => Promise.reject(new NotFound('flag', 'a')))).rejects.toThrow(NotFound);
    await expect(database.read((manager) => manager.query('SELECT nonsense'))).rejects.toThrow(/nonsense/);
  });

  it('tells a key that is there already', async () => {
    await database.write((manager) => insert(manager, 'a'));
    const failure: unknown = await database.write((manager) => insert(manager, 'a')).catch((error: unknown) => error);
    expect(isUniqueViolation(failure)).toBe(true);
    const orphan = database.write((manager) =>
      manager.query(
        `INSERT INTO environment (id, project_id, key, name, created_at, updated_at) VALUES ('e', 'nobody', 'e', '', '', '')`,
      ),
    );
    expect(isUniqueViolation(await orphan.catch((error: unknown) => error))).toBe(false);
  });

  it('can be opened again with what was committed', async () => {
    await database.write((manager) => insert(manager, 'a'));
    await database.open();
    expect(await database.read(keys)).toEqual(['a']);
  });

  it('locks no rows: the mutex stands for it', () => {
    expect(database.lockClause('UPDATE')).toBe('');
  });

  it('rejects whoever asks before it is open', async () => {
    const config = readConfig({ DATABASE_URL: `sqlite:${join(directory, 'other.db')}` });
    const closed = new Database(new DataSource({ ...dataSourceOptions(config), entities: [] }), config);
    const asked = [() => closed.read(keys), () => closed.write(keys), () => closed.snapshot(keys)];
    for (const ask of asked) {
      // A promise that rejects, not a throw: `.catch` has to hear of it.
      const answer = new Promise((resolve) =>
        resolve(
          ask().then(
            () => 'answered',
            (error: unknown) => error,
          ),
        ),
      );
      await expect(answer).resolves.toBeInstanceOf(DatabaseUnavailable);
    }
  });
});

describe('A SQLite file', () => {
  it('is for one server: a second one is refused until the first has let go', () => {
    const unlock = lockSqliteFile(join(directory, 'deep', 'one.db'));
    expect(existsSync(join(directory, 'deep', 'one.db.lock'))).toBe(true);
    expect(() => lockSqliteFile(join(directory, 'deep', 'one.db'))).toThrow(SqliteInUse);
    unlock();
    expect(() => lockSqliteFile(join(directory, 'deep', 'one.db'))()).not.toThrow();
  });
});
