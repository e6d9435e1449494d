import { describe, expect, it } from '@jest/globals';
import { SeededRandom, withSeed } from './random.js';

describe('SeededRandom', () => {
  it('gives the known sequence of mulberry32', () => {
    const random = new SeededRandom(1);
    const drawn = [random.next(), random.next(), random.next()];
    expect(drawn).toEqual([0.6270739405881613, 0.002735721180215478, 0.5274470399599522]);
  });

  it('stays inside the bounds of int and reaches both', () => {
    const random = new SeededRandom(42);
    const drawn = new Set(Array.from({ length: 200 }, () => random.int(3, 6)));
    expect([...drawn].sort()).toEqual([3, 4, 5, 6]);
  });

  it('shuffles a copy and loses nothing', () => {
    const list = [1, 2, 3, 4, 5, 6, 7, 8];
    const shuffled = new SeededRandom(7).shuffle(list);
    expect(list).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
    expect(shuffled).not.toEqual(list);
    expect([...shuffled].sort()).toEqual(list);
  });

  it('names the seed of a failed run', async () => {
    const run = withSeed(() => Promise.reject(new Error('three is not four')), 99);
    await expect(run).rejects.toThrow('with FLAGWIRE_TEST_SEED=99: three is not four');
  });
});
