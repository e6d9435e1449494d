import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { type Cursor } from '@flagwire/protocol/sync';
import { Logger } from '@nestjs/common';
import { content, SqliteLog } from './sqlite-log.fake.js';

const DAY = 24 * 3600 * 1000;
let log: SqliteLog;
let cursors: Cursor[];

/** Ten revisions, a day apart; the cursor of each, revision 0 first. */
async function tenDays(settings: Record<string, string>): Promise<void> {
  log = await SqliteLog.open({ FLAGWIRE_TAIL_MS: '10000', ...settings });
  await log.tail.catchUp();
  cursors = [log.tail.replica('production')!.head];
  for (let day = 0; day < 10; day++) {
    log.clock.time += DAY;
    cursors.push((await log.write({ a: content('a', { description: `day ${day}` }) })).cursor);
  }
  await log.tail.catchUp();
}

const resumable = async () => {
  const found: number[] = [];
  for (const cursor of cursors) if ((await log.tail.since('production', cursor)) !== null) found.push(cursor.revision);
  return found;
};

beforeEach(() => {
  Logger.overrideLogger(false);
});
afterEach(() => log.close());

describe('The floor, down to which the log can be resumed from', () => {
  it('is the newest revisions where those keep more: a cursor equal to it resumes, one below does not', async () => {
    await tenDays({ FLAGWIRE_FLOOR_REVISIONS: '4', FLAGWIRE_FLOOR_S: '0' });
    expect(await resumable()).toEqual([6, 7, 8, 9, 10]);
  });

  it('is the age where that keeps more', async () => {
    await tenDays({ FLAGWIRE_FLOOR_REVISIONS: '1', FLAGWIRE_FLOOR_S: String((5 * DAY) / 1000) });
    // Revision 5 was committed five days ago: whoever has revision 4 misses nothing that is older.
    expect(await resumable()).toEqual([4, 5, 6, 7, 8, 9, 10]);
  });

  it('is revision 0 where the whole log is young enough', async () => {
    await tenDays({ FLAGWIRE_FLOOR_REVISIONS: '1', FLAGWIRE_FLOOR_S: String((30 * DAY) / 1000) });
    expect((await resumable())[0]).toBe(0);
  });
});

describe('since', () => {
  beforeEach(() => tenDays({}));
  const revisionsAfter = async (cursor: Cursor) =>
    (await log.tail.since('production', cursor))?.map(({ after }) => after.revision);

  it('gives the change sets after the cursor, dense, and none at the head', async () => {
    expect(await revisionsAfter(cursors[7]!)).toEqual([8, 9, 10]);
    expect(await revisionsAfter(cursors[10]!)).toEqual([]);
    expect(await revisionsAfter(cursors[0]!)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
  });

  it.each<[string, Partial<Cursor>]>([
    ['another mark', { mark: 'zzzzzz' }],
    ['another epoch', { epoch: 'zzzzzzzz' }],
    ['a revision that is not there yet', { revision: 11 }],
  ])('gives null for a cursor with %s', async (_, other) => {
    expect(await log.tail.since('production', { ...cursors[5]!, ...other })).toBeNull();
    expect(await log.tail.since('production', { ...cursors[0]!, ...other })).toBeNull();
  });

  it('gives null where a row is missing on the way to the head', async () => {
    await log.sql(`DELETE FROM "change" WHERE revision = 8`);
    expect(await log.tail.since('production', cursors[5]!)).toBeNull();
    expect(await revisionsAfter(cursors[9]!)).toEqual([10]);
  });

  it('gives null where the environment is gone', async () => {
    expect(await log.tail.since('nowhere', cursors[5]!)).toBeNull();
  });

  it('is not ahead of the replica: nobody is told what this node does not show yet', async () => {
    await log.write({ a: content('a', { description: 'news' }) });
    expect(await revisionsAfter(cursors[9]!)).toEqual([10]);
    await log.tail.catchUp();
    expect(await revisionsAfter(cursors[9]!)).toEqual([10, 11]);
  });

  it('reads page by page', async () => {
    await log.writeMany(450);
    await log.tail.catchUp();
    const pages: number[][] = [];
    for (let cursor = cursors[10]!; cursor.revision < 460;) {
      const sets = await log.tail.since('production', cursor);
      pages.push(sets?.map(({ after }) => after.revision) ?? []);
      cursor = sets!.at(-1)!.after;
    }
    expect(pages.length).toBeGreaterThan(1);
    expect(pages.flat()).toEqual(Array.from({ length: 450 }, (_, index) => index + 11));
  });
});
