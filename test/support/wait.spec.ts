import { describe, expect, it } from '@jest/globals';
import { eventually, holds, within } from './wait.js';

describe('eventually', () => {
  it('tries until nothing is thrown, and gives the value', async () => {
    let calls = 0;
    const value = await eventually(() => {
      calls += 1;
      expect(calls).toBe(3);
      return 'there';
    });
    expect(value).toBe('there');
  });

  it('reports the last failure', async () => {
    const run = eventually(() => Promise.reject(new Error('not yet')), { timeoutMs: 50, what: 'the wedding' });
    await expect(run).rejects.toThrow('the wedding did not hold within 50 ms; at the last attempt: not yet');
  });

  it('takes false for a failure', async () => {
    await expect(eventually(() => false, { timeoutMs: 30 })).rejects.toThrow('it was false');
  });
});

describe('holds', () => {
  it('fails as soon as the condition does', async () => {
    let calls = 0;
    await expect(holds(() => (calls += 1) < 3, 1000)).rejects.toThrow('was false after');
    expect(calls).toBe(3);
  });
});

describe('within', () => {
  it('gives up after the time', async () => {
    await expect(within(new Promise(() => undefined), 20, 'the answer')).rejects.toThrow('the answer did not happen');
  });
});
