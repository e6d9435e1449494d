import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { type Cursor } from '@flagwire/protocol/sync';
import { Logger } from '@nestjs/common';
import { DatabaseUnavailable } from '../common/errors.js';
import { content, SqliteLog } from './sqlite-log.fake.js';

let log: SqliteLog;

beforeEach(async () => {
  Logger.overrideLogger(false);
  // Nothing is read but when the test asks for it.
  log = await SqliteLog.open({ FLAGWIRE_TAIL_MS: '10000' });
});
afterEach(() => log.close());

const replica = () => {
  const found = log.tail.replica('production');
  if (found === undefined) throw new Error('not loaded');
  return found;
};

describe('The tail of the log', () => {
  it('loads an environment at its head, flags and cursor together', async () => {
    const { cursor } = await log.write({ a: content('a'), b: content('b') });
    expect(log.tail.loaded).toBe(false);
    await log.tail.catchUp();
    expect(log.tail.loaded).toBe(true);
    expect(replica().head).toEqual(cursor);
    expect(replica().environment).toEqual({ id: 'production', key: 'production', projectKey: 'shop' });
    expect(log.definitions.map(({ id }) => id)).toEqual(['a', 'b']);
    expect(log.news()).toEqual(['reset']);
  });

  it('reads on from where it stands: dense, in order, with the events of each change set', async () => {
    await log.tail.catchUp();
    log.news();
    await log.write({ a: content('a'), b: content('b') });
    await log.write({ a: null });
    await log.tail.catchUp();
    const [update] = log.updates;
    if (update?.kind !== 'changed') throw new Error('no change was read');
    expect(update.sets.map(({ before, after }) => [before.revision, after.revision])).toEqual([
      [0, 1],
      [1, 2],
    ]);
    expect(update.sets.map(({ events }) => events.map(({ type }) => type))).toEqual([
      ['FlagCreated', 'FlagCreated'],
      ['FlagDeleted'],
    ]);
    expect(log.definitions.map(({ id }) => id)).toEqual(['b']);
  });

  it('reads more than one page in order', async () => {
    await log.tail.catchUp();
    log.news();
    const cursor = await log.writeMany(600);
    await log.tail.catchUp();
    expect(replica().head).toEqual(cursor);
    expect(log.news().every((kind) => kind === 'changed')).toBe(true);
  });

  it('says nothing where nothing happened', async () => {
    await log.tail.catchUp();
    log.updates.length = 0;
    await log.tail.catchUp();
    expect(log.updates).toEqual([]);
  });

  it('tells of changed keys without a revision', async () => {
    await log.tail.catchUp();
    log.updates.length = 0;
    await log.database.write((manager) => log.log.keysChanged(manager, 'production'));
    await log.tail.catchUp();
    expect(log.updates).toEqual([{ kind: 'keys', environmentId: 'production' }]);
    expect(replica().head.revision).toBe(0);
  });

  it('finds new environments, and tells of those that are gone', async () => {
    await log.tail.catchUp();
    await log.begin('staging');
    await log.tail.catchUp();
    expect(log.tail.replica('staging')?.head.revision).toBe(0);
    await log.sql(`DELETE FROM environment_head WHERE environment_id = 'staging'`);
    await log.tail.catchUp();
    expect(log.tail.replica('staging')).toBeUndefined();
    expect(log.updates.at(-1)).toEqual({ kind: 'removed', environmentId: 'staging' });
  });
});

describe('A history that was replaced', () => {
  let before: Cursor;
  beforeEach(async () => {
    await log.writeMany(5);
    await log.tail.catchUp();
    before = replica().head;
    log.news();
  });

  it.each([
    ['the head went back', `UPDATE environment_head SET revision = 3, mark = (SELECT mark FROM "change" WHERE revision = 3)`],
    ['the head has another mark', `UPDATE environment_head SET mark = 'zzzzzz'`],
    ['the epoch is another', `UPDATE environment_head SET epoch = 'zzzzzzzz'`],
    ['the epoch is another, further on', `UPDATE environment_head SET epoch = 'zzzzzzzz', revision = 9`],
    ['the own row is gone', `DELETE FROM "change" WHERE revision = 5; UPDATE environment_head SET revision = 6`],
  ])('is noticed where %s: the replica is loaded anew', async (_, statements) => {
    for (const statement of statements.split(';')) await log.sql(statement);
    await log.tail.catchUp();
    expect(log.news()).toEqual(['reset']);
    expect(replica().head).not.toEqual(before);
  });

  it('is noticed where the own row has another mark', async () => {
    await log.sql(`UPDATE "change" SET mark = 'zzzzzz' WHERE revision = 5`);
    await log.write({ b: content('b') });
    await log.tail.catchUp();
    expect(log.news()).toEqual(['reset']);
    expect(log.definitions.map(({ id }) => id)).toEqual(['a', 'b']);
  });

  it('is noticed where the rows are not dense', async () => {
    await log.writeMany(3, 'b');
    await log.sql(`DELETE FROM "change" WHERE revision = 7`);
    await log.tail.catchUp();
    expect(log.news()).toEqual(['reset']);
    expect(replica().head.revision).toBe(8);
  });

  it('is noticed at revision 0, too, which has no row', async () => {
    await log.begin('staging');
    await log.tail.catchUp();
    log.news();
    await log.sql(`UPDATE environment_head SET mark = 'zzzzzz', origin_mark = 'zzzzzz' WHERE environment_id = 'staging'`);
    await log.write({ a: content('a') }, 'staging');
    await log.tail.catchUp();
    expect(log.news()).toEqual(['reset']);
  });

  it('shows in the replica whole, and is never announced in part, where a row does not fit what is held', async () => {
    await log.write({ b: content('b') });
    await log.write({ c: content('c') });
    await log.sql(
      `UPDATE "change" SET events = '[{"type":"FlagStatusChanged","data":{"flag_id":"nobody","old_status":"enabled","new_status":"disabled","version":2,"updated_at":"x"}}]' WHERE revision = 7`,
    );
    const heads: number[] = [];
    const told: number[] = [before.revision];
    log.tail.updates.subscribe((update) => {
      if (update.kind === 'changed') told.push(...update.sets.map(({ after }) => after.revision));
      if (update.kind === 'reset') told.push(update.replica.head.revision);
    });
    const snapshot = log.reader.snapshot.bind(log.reader);
    log.reader.snapshot = (id) => {
      heads.push(replica().head.revision);
      return snapshot(id);
    };
    await log.tail.catchUp();
    expect(told.at(-1)).toBe(7);
    // What the replica showed before it was loaded anew had been told to those who follow it.
    expect(told).toContain(heads[0]);
  });
});

describe('While the database cannot be asked', () => {
  it('what was read stays, its age grows, and a question is refused', async () => {
    await log.writeMany(2);
    await log.tail.catchUp();
    log.clock.time += 5000;
    log.reader.isAway = true;
    await expect(log.tail.catchUp()).rejects.toThrow(DatabaseUnavailable);
    expect(log.tail.ageMs()).toBe(5000);
    expect(replica().head.revision).toBe(2);
    log.reader.isAway = false;
    await log.tail.catchUp();
    expect(log.tail.ageMs()).toBe(0);
  });
});

describe('catchUp', () => {
  it('is one read for all who ask while one is running, and that read begins after they asked', async () => {
    await log.tail.catchUp();
    const { rounds } = log.reader;
    const first = log.tail.catchUp();
    const later = [log.tail.catchUp(), log.tail.catchUp(), log.tail.catchUp()];
    const { cursor } = await log.write({ a: content('a') });
    await Promise.all([first, ...later]);
    expect(log.reader.rounds).toBe(rounds + 2);
    await log.tail.catchUp();
    expect(replica().head).toEqual(cursor);
  });

  it('shows what was written before it was called, also while a read is running', async () => {
    await log.tail.catchUp();
    for (let turn = 0; turn < 20; turn++) {
      const running = log.tail.catchUp();
      const { cursor } = await log.write({ a: content('a', { description: `turn ${turn}` }) });
      await Promise.all([log.tail.catchUp(), running]);
      expect(replica().head).toEqual(cursor);
    }
  });

  it.each([0, 1, 2, 3, 4])('never reads twice at once, though it is called %i turns after a read has ended', async (turns) => {
    await log.tail.catchUp();
    log.news();
    log.reader.meanwhile = () => log.write({ a: content('a') });
    const first = log.tail.catchUp();
    const second = log.tail.catchUp();
    const between = first.then(async () => {
      for (let turn = 0; turn < turns; turn++) await Promise.resolve();
      await log.tail.catchUp();
    });
    await Promise.all([first, second, between]);
    expect(log.news()).toEqual(['changed']);
  });
});

describe('reach', () => {
  it('waits until the replica shows what was written', async () => {
    await log.tail.catchUp();
    const { cursor } = await log.write({ a: content('a') });
    await log.tail.reach(new Map([['production', cursor]]));
    expect(replica().head).toEqual(cursor);
    const { rounds } = log.reader;
    await log.tail.reach(new Map([['production', cursor]]));
    expect(log.reader.rounds).toBe(rounds);
  });

  it('gives up without a word where the log cannot be read', async () => {
    await log.tail.catchUp();
    log.reader.isAway = true;
    const ahead = { ...replica().head, revision: replica().head.revision + 1 };
    await expect(log.tail.reach(new Map([['production', ahead]]))).resolves.toBeUndefined();
  });
});
