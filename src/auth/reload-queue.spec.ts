import { describe, expect, it } from '@jest/globals';
import { SystemClock } from '../common/clock.js';
import { DatabaseUnavailable } from '../common/errors.js';
import { ReloadQueue } from './reload-queue.js';

interface Load {
  ids: ReadonlySet<string>;
  succeed: () => void;
  fail: (error: Error) => void;
}

/** A queue whose loads end when the test says so. */
function queue(retryMs = 1) {
  const begun: Load[] = [];
  let tell: (() => void) | null = null;
  const load = (ids: ReadonlySet<string>) =>
    new Promise<void>((succeed, fail) => {
      begun.push({ ids, succeed, fail });
      tell?.();
    });
  const failures: unknown[] = [];
  const reloads = new ReloadQueue({ load, onFailure: (error) => failures.push(error), retryMs }, new SystemClock());
  const nth = async (index: number): Promise<Load> => {
    while (begun.length <= index) await new Promise<void>((resolve) => (tell = resolve));
    return begun[index]!;
  };
  return { reloads, begun, nth, failures };
}

describe('ReloadQueue', () => {
  it('begins in the turn of the request', () => {
    const { reloads, begun } = queue();
    void reloads.request('a');
    expect(begun).toHaveLength(1);
  });

  it('serves a request that comes during a load by the next one', async () => {
    const { reloads, begun, nth } = queue();
    const first = reloads.request('a');
    const second = reloads.request('a');
    expect(begun).toHaveLength(1);
    (await nth(0)).succeed();
    await first;
    (await nth(1)).succeed();
    await second;
    expect(begun).toHaveLength(2);
  });

  it('loads together what was asked for together', async () => {
    const { reloads, begun, nth } = queue();
    void reloads.request('a');
    const rest = [reloads.request('b'), reloads.request('c'), reloads.request('b')];
    (await nth(0)).succeed();
    const next = await nth(1);
    expect([...next.ids]).toEqual(['b', 'c']);
    next.succeed();
    await Promise.all(rest);
    expect(begun).toHaveLength(2);
  });

  it('tries again until a load succeeds, and says so to nobody twice', async () => {
    const { reloads, nth, failures } = queue();
    const request = reloads.request('a');
    (await nth(0)).fail(new Error('away'));
    await expect(request).rejects.toThrow('away');
    (await nth(1)).fail(new Error('still away'));
    const third = await nth(2);
    expect([...third.ids]).toEqual(['a']);
    expect(failures).toHaveLength(2);
    expect(reloads.overdueMs()).toBeGreaterThan(0);
    third.succeed();
  });

  it('is not overdue once all is loaded', async () => {
    const { reloads, nth } = queue();
    const request = reloads.request('a');
    (await nth(0)).succeed();
    await request;
    expect(reloads.overdueMs()).toBe(0);
  });

  it('takes an id out of the load under way', async () => {
    const { reloads, nth } = queue();
    void reloads.request('a');
    const { ids, succeed } = await nth(0);
    reloads.disregard('a');
    expect(ids.has('a')).toBe(false);
    succeed();
  });

  it('begins nothing once it is stopped', async () => {
    const { reloads, begun } = queue();
    reloads.stop();
    await expect(reloads.request('a')).rejects.toThrow(DatabaseUnavailable);
    expect(begun).toHaveLength(0);
  });
});
