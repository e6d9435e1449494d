import { describe, expect, it } from '@jest/globals';
import { MAX_WAITING } from './change-queue.js';
import { at, flag, liveLab } from './client-lab.fake.js';

const updated = (id: string, version: number) => ({ type: 'FlagUpdated', data: flag(id, {}, version) });

describe('for await (… of client)', () => {
  it('gives each change set in order, and ends with the client', async () => {
    const { client, change } = await liveLab([flag('a'), flag('b')]);
    const seen: unknown[] = [];
    const loop = (async () => {
      for await (const { changes, cursor } of client) seen.push([changes.map(({ id }) => id), cursor]);
    })();
    change(2, updated('a', 2), updated('b', 2));
    change(3, updated('a', 3));
    await client.close();
    await loop;
    expect(seen).toEqual([...[[['a', 'b'], at(2)]], [['a'], at(3)]]);
  });

  it('is one of several, and a loop that is left hears no more', async () => {
    const { client, change } = await liveLab([flag('a')]);
    const read = async (count: number) => {
      const seen: number[] = [];
      for await (const { revision } of client) {
        seen.push(revision ?? 0);
        if (seen.length === count) break;
      }
      return seen;
    };
    const both = [read(1), read(3)];
    for (let revision = 2; revision < 6; revision += 1) change(revision, updated('a', revision));
    expect(await Promise.all(both)).toEqual([[2], [2, 3, 4]]);
  });

  it('keeps a bounded number for a slow one, and merges what comes then: nothing is lost but what was between', async () => {
    const { client, change } = await liveLab([flag('a'), flag('b')]);
    const changes = client[Symbol.asyncIterator]();
    const first = changes.next();
    const last = MAX_WAITING * 3;
    for (let revision = 2; revision <= last; revision += 1) {
      change(revision, updated('a', revision), ...(revision === last ? [updated('b', 2)] : []));
    }
    const seen = [await first];
    await client.close();
    for (let next = await changes.next(); next.done !== true; next = await changes.next()) seen.push(next);
    expect(seen.length).toBeLessThanOrEqual(MAX_WAITING + 1);
    const merged = seen.at(-1)?.value;
    expect(merged).toMatchObject({
      cursor: at(last),
      changes: [{ id: 'a', after: { metadata: { version: last } } }, { id: 'b' }],
    });
    // From one to the next without a gap.
    const versions = seen.flatMap(({ value }) => value?.changes.filter(({ id }) => id === 'a') ?? []);
    for (const [index, { before }] of versions.entries()) {
      expect(before?.metadata.version).toBe(index === 0 ? 1 : versions[index - 1]?.after?.metadata.version);
    }
  });

  it('of a client that is closed ends at once', async () => {
    const { client } = await liveLab();
    await client.close();
    expect(await client[Symbol.asyncIterator]().next()).toEqual({ done: true, value: undefined });
  });
});
