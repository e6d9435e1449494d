import { describe, expect, it } from '@jest/globals';
import { alternate, median, type Pair, summarize, type Window } from '../../bench/pairs.js';

const window = (us: number, extra: Partial<Window> = {}): Window => ({
  units: 100,
  cpu: { total: us * 100, user: us * 60, system: us * 40 },
  wallMs: 10_000,
  faults: [],
  ...extra,
});
const pair = (floorUs: number, productUs: number, extra?: Partial<Window>): Pair => ({
  floor: window(floorUs),
  product: window(productUs, extra),
});

describe('the figures of a benchmark', () => {
  it('are the median of the ratios of pairs, with their range', () => {
    const { ratio, range, noVerdict } = summarize([pair(10, 20), pair(11, 11), pair(10, 15)], false);
    expect([ratio, range, noVerdict]).toEqual([1.5, [1, 2], null]);
  });

  it('are turned round where more is better', () => {
    expect(summarize([pair(10, 20)], true).ratio).toBe(0.5);
  });

  it('are void where something was lost', () => {
    expect(summarize([pair(10, 20, { faults: ['99 of 100'] })], false).noVerdict).toBe('void: 99 of 100');
  });

  it('are void where the floor was too busy', () => {
    const floor = window(10, { wallMs: 2 });
    expect(summarize([{ floor, product: window(20) }], false).noVerdict).toBe('void: the floor was 50 % busy');
  });

  it('give no verdict where the floor spreads', () => {
    expect(summarize([pair(10, 20), pair(13, 20)], false).noVerdict).toMatch('the floor itself spreads by 26 %');
  });

  it('come from windows in turn, after one of each that does not count', async () => {
    const order: string[] = [];
    const run = (name: string) => async () => {
      order.push(name);
      return window(order.length);
    };
    const pairs = await alternate(2, run('floor'), run('product'));
    expect(order).toEqual(['floor', 'product', 'floor', 'product', 'floor', 'product']);
    expect(pairs.map(({ floor }) => floor.cpu.total)).toEqual([300, 500]);
  });

  it('have a median for odd and even numbers of values', () => {
    expect([median([3, 1, 2]), median([4, 1, 2, 3])]).toEqual([2, 2.5]);
  });
});
