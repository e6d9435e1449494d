import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { type Request, type Response } from 'express';
import { Change } from './change.entity.js';
import { ChangeHistory } from './change-history.js';
import { content, SqliteLog } from './sqlite-log.fake.js';

let log: SqliteLog;
beforeEach(async () => {
  log = await SqliteLog.open();
});
afterEach(() => log.close());

const rows = () => log.database.read((manager) => manager.find(Change, { order: { revision: 'ASC' } }));

describe('The change log', () => {
  it('begins at revision 0, with an epoch and a mark that the cursor grammar takes', async () => {
    const head = await log.begin('staging');
    expect(head).toMatchObject({ revision: 0, originMark: head.mark, originHttpDate: head.httpDate });
    expect(head.epoch).toMatch(/^[a-z0-9]{8}$/);
    expect(head.mark).toMatch(/^[a-z0-9]{6}$/);
  });

  it('numbers change sets without a gap, each with a mark of its own', async () => {
    const revisions: number[] = [];
    const marks = new Set<string>();
    for (let turn = 0; turn < 10; turn++) {
      const { cursor } = await log.write({ a: content('a', { name: `turn ${turn}` }) });
      revisions.push(cursor.revision);
      marks.add(cursor.mark);
    }
    expect(revisions).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
    expect(marks.size).toBe(10);
  });

  it('makes one revision of many flags', async () => {
    const many = Object.fromEntries(Array.from({ length: 250 }, (_, index) => [`flag-${index}`, content(`flag-${index}`)]));
    const { cursor, changes } = await log.write(many);
    expect(cursor.revision).toBe(1);
    expect(changes).toHaveLength(250);
    expect((await rows())[0]?.events).toHaveLength(250);
    const again = await log.write(many);
    expect(again).toEqual({ cursor, changes: [] });
  });

  it('makes no revision where nothing changed', async () => {
    const { cursor } = await log.write({ a: content('a') });
    expect(await log.write({ a: content('a'), nobody: null })).toEqual({ cursor, changes: [] });
    expect(await rows()).toHaveLength(1);
  });

  it('numbers what concurrent writers commit, in the order in which they commit', async () => {
    const writes = Array.from({ length: 20 }, (_, index) => log.write({ [`flag-${index}`]: content(`flag-${index}`) }));
    const revisions = (await Promise.all(writes)).map(({ cursor }) => cursor.revision);
    expect(revisions).toEqual(Array.from({ length: 20 }, (_, index) => index + 1));
  });

  it('gives the number of a write that failed to the next one', async () => {
    await log.write({ a: content('a') });
    const failing = log.database.write(async (manager) => {
      await log.append(manager, { b: content('b') });
      throw new Error('refused late');
    });
    await expect(failing).rejects.toThrow('refused late');
    const { cursor } = await log.write({ c: content('c') });
    expect(cursor.revision).toBe(2);
    expect((await rows()).map(({ events }) => events[0]?.type)).toEqual(['FlagCreated', 'FlagCreated']);
  });

  it('dates each revision a second later at least, in whole seconds, though the clock stands still or goes back', async () => {
    const dates: string[] = [];
    for (const step of [0, 0, 10, -100_000, 0, 5500, 300_000]) {
      log.clock.time += step;
      await log.write({ a: content('a', { name: String(dates.length) }) });
      dates.push((await rows()).at(-1)?.httpDate ?? '');
    }
    const seconds = dates.map((date) => Date.parse(date) / 1000);
    const start = Date.parse('2026-06-01T00:00:00Z') / 1000;
    expect(dates.every((date) => date.endsWith('.000Z'))).toBe(true);
    expect(seconds.map((second) => second - start)).toEqual([1, 2, 3, 4, 5, 6, 205]);
  });

  it('keeps the version of what was deleted, for when it comes back', async () => {
    await log.write({ a: content('a') });
    await log.write({ a: null });
    const { changes } = await log.write({ a: content('a') });
    expect(changes[0]).toMatchObject({ version: 3, before: null, event: { type: 'FlagCreated' } });
  });

  it('keeps the order of keys in what clients get', async () => {
    const variants = { zebra: true, apple: false };
    await log.write({ a: content('a', { variants, default_variant: null }) });
    await log.tail.catchUp();
    expect(Object.keys(log.definitions[0]?.variants ?? {})).toEqual(['zebra', 'apple']);
  });

  it('keeps who, when and what was there before', async () => {
    await log.write({ a: content('a') });
    await log.write({ a: content('a', { status: 'disabled' }) });
    const [first, second] = await rows();
    expect(first).toMatchObject({ actor: 'test', comment: null, createdAt: '2026-06-01T00:00:00.000Z', before: [null] });
    expect(second?.before[0]).toMatchObject({ id: 'a', status: 'enabled', metadata: { version: 1 } });
    expect(second?.events[0]?.type).toBe('FlagStatusChanged');
  });

  it('brings the trace of the request and the time on the way to a node that follows it, and not to one that loads it', async () => {
    await log.tail.catchUp();
    const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
    const request = { headers: { traceparent } } as unknown as Request;
    let written: Promise<unknown> = Promise.resolve();
    log.requests.handle(request, { setHeader: () => undefined } as unknown as Response, () => {
      written = log.write({ a: content('a') });
    });
    await written;
    await log.write({ a: null });
    await log.tail.catchUp();
    const commits = log.updates.flatMap((update) => (update.kind === 'changed' ? update.sets.map(({ commit }) => commit) : []));
    expect(commits.map((commit) => commit.traceparent)).toEqual([traceparent, null]);
    for (const { readAfterMs } of commits) {
      expect(readAfterMs).toBeGreaterThanOrEqual(0);
      expect(readAfterMs).toBeLessThan(10_000);
    }
    const loaded = (await log.reader.snapshot('production'))?.recent.map(({ commit }) => commit);
    expect(loaded).toMatchObject([{ traceparent, readAfterMs: null }, { readAfterMs: null }]);
  });

  it('says nothing of the time on the way of a row that is older than the column for it', async () => {
    await log.tail.catchUp();
    await log.write({ a: content('a') });
    await log.database.write((manager) => manager.query('UPDATE change SET logged_at = NULL'));
    await log.tail.catchUp();
    const commits = log.updates.flatMap((update) => (update.kind === 'changed' ? update.sets.map(({ commit }) => commit) : []));
    expect(commits).toMatchObject([{ readAfterMs: null }]);
  });

  it('counts changes of keys apart from revisions', async () => {
    const [before] = await log.reader.heads();
    await log.database.write((manager) => log.log.keysChanged(manager, 'production'));
    const [after] = await log.reader.heads();
    expect(after).toEqual({ ...before, keyRevision: after?.keyRevision });
    expect(after?.keyRevision).not.toBe(before?.keyRevision);
  });

  it('takes the flags of a new environment as part of revision 0', async () => {
    const head = await log.begin('staging');
    await log.database.write((manager) => log.log.seed(manager, head, new Map([['a', content('a')]])));
    await log.tail.catchUp();
    const replica = log.tail.replica('staging');
    expect(replica?.head.revision).toBe(0);
    expect(replica?.flag('a')?.definition.metadata.version).toBe(1);
  });
});

describe('The history', () => {
  it('gives the rows oldest first, page by page', async () => {
    await log.writeMany(5);
    const history = new ChangeHistory(log.database);
    const first = await history.page('production', 0, 2);
    expect(first.items.map(({ revision }) => revision)).toEqual([1, 2]);
    expect(first.next).toBe(2);
    const last = await history.page('production', 3, 2);
    expect(last.items.map(({ revision }) => revision)).toEqual([4, 5]);
    expect(last.next).toBeNull();
  });
});
