import { describe, expect, it } from '@jest/globals';
import { alternate, inTurn, median, type Pair, quantile, repeat, summarize } from '../../bench/pairs.js';
import { type Window } from '../../bench/window.js';

const window = (figure: number, extra: Partial<Window> = {}): Window => ({ figure, faults: [], parts: {}, ...extra });
const pair = (floor: number, product: number, extra?: Partial<Window>): Pair => ({
  floor: window(floor),
  product: window(product, extra),
});

describe('the figures of a benchmark', () => {
  it('are the median of the ratios of pairs, with their range', () => {
    const summary = summarize([pair(10, 20), pair(11, 11), pair(10, 15)], { most: 1.5 });
    expect(summary).toEqual({ product: 15, floor: 10, ratio: 1.5, range: [1, 2], verdict: 'met', isOpen: false });
  });

  it('are the product’s own where the goal knows no floor', () => {
    const pairs = [12, 14, 30].map((figure) => ({ floor: null, product: window(figure) }));
    const summary = summarize(pairs, { mostOfAll: 10 });
    expect(summary).toEqual({ product: 14, floor: null, ratio: null, range: [12, 30], verdict: 'short by 40 %', isOpen: false });
  });

  it('are void where something was lost, on either side', () => {
    expect(summarize([pair(10, 20, { faults: ['99 of 100'] })], { most: 9 }).verdict).toBe('void: 99 of 100');
    const lossy = { floor: window(10, { faults: ['1 gap'] }), product: window(10) };
    expect(summarize([lossy], { most: 9 })).toMatchObject({ verdict: 'void: 1 gap', isOpen: true });
  });

  it('are void where the floor was more than 40 % busy, whatever the product was', () => {
    const at = (load: number) => [{ floor: window(10, { load }), product: window(20, { load: 0.9 }) }];
    expect(summarize(at(0.5), { most: 9 }).verdict).toBe('void: the floor was 50 % busy');
    expect(summarize(at(0.4), { most: 9 }).verdict).toBe('met');
  });

  it('give no verdict where the floor spreads by more than a quarter', () => {
    const spread = summarize([pair(10, 20), pair(13, 20)], { most: 9 });
    expect(spread).toMatchObject({ verdict: 'no verdict: the floor itself spreads by 26 %', isOpen: true });
    expect(summarize([pair(10, 20), pair(12.5, 20)], { most: 9 }).verdict).toBe('met');
  });

  it('are void where a ratio is wanted and there is no floor', () => {
    expect(summarize([{ floor: null, product: window(1) }], { most: 1 }).verdict).toBe('void: there was no floor');
  });

  it('come from windows in turn, after one of each that does not count', async () => {
    const order: string[] = [];
    const run = (name: string) => async () => {
      order.push(name);
      return window(order.length);
    };
    const pairs = await alternate(2, run('floor'), run('product'));
    expect(order).toEqual(['floor', 'product', 'floor', 'product', 'floor', 'product']);
    expect(pairs.map(({ floor }) => floor?.figure)).toEqual([3, 5]);
  });

  it('come from one window more than count where there is no floor', async () => {
    let windows = 0;
    const pairs = await repeat(2, async () => window((windows += 1)));
    expect(pairs.map(({ floor, product }) => [floor, product.figure])).toEqual([
      [null, 2],
      [null, 3],
    ]);
  });

  it('come from no more windows than count where each has a program of its own', async () => {
    let windows = 0;
    const next = async () => window((windows += 1));
    const pairs = await inTurn(2, next, next);
    expect(pairs.map(({ floor, product }) => [floor?.figure, product.figure])).toEqual([
      [1, 2],
      [3, 4],
    ]);
  });

  it('have a median for odd and even numbers of values', () => {
    expect([median([3, 1, 2]), median([4, 1, 2, 3])]).toEqual([2, 2.5]);
  });

  it('have quantiles by the nearest rank', () => {
    const values = Array.from({ length: 200 }, (_, index) => 200 - index);
    expect([quantile(values, 0.99), quantile(values, 0.5), quantile([7], 0.99)]).toEqual([198, 100, 7]);
    expect(() => quantile([], 0.99)).toThrow('A quantile of nothing');
  });
});
