import { type Goal, isAbsolute, verdictOn } from './goal.js';
import { type Window } from './window.js';

/** Floor and product, one after the other; null where the goal knows no floor. */
export interface Pair {
  floor: Window | null;
  product: Window;
}

export interface Summary {
  /** Medians, in the row's unit. */
  product: number;
  floor: number | null;
  /** Product to floor, in each pair: the median. */
  ratio: number | null;
  /** Of the ratios, or of the product's figures where there is no floor. */
  range: readonly [number, number];
  /** `met`, `short by N %`, or why the figures say nothing. */
  verdict: string;
  /** Whether there is nothing to be said for or against. */
  isOpen: boolean;
}

/** Above this the floor's own figures differ too much to compare anything with. */
const MOST_SPREAD = 0.25;
/** Above this share of its core a program's figures depend on the load. */
const MOST_LOAD = 0.4;

export function summarize(pairs: readonly Pair[], goal: Goal): Summary {
  const products = pairs.map(({ product }) => product.figure);
  const floors = pairs.flatMap(({ floor }) => (floor === null ? [] : [floor.figure]));
  const ratios = pairs.flatMap(({ floor, product }) => (floor === null ? [] : [product.figure / floor.figure]));
  const product = median(products);
  const ratio = ratios.length === 0 ? null : median(ratios);
  const judged = isAbsolute(goal) ? product : ratio;
  const doubt = reasonAgainst(pairs, floors) ?? (judged === null ? 'void: there was no floor' : null);
  const compared = isAbsolute(goal) ? products : ratios;
  return {
    product,
    floor: floors.length === 0 ? null : median(floors),
    ratio,
    range: [Math.min(...compared), Math.max(...compared)],
    verdict: doubt ?? verdictOn(goal, judged ?? NaN),
    isOpen: doubt !== null,
  };
}

function reasonAgainst(pairs: readonly Pair[], floors: readonly number[]): string | null {
  const windows = pairs.flatMap(({ floor, product }) => [...(floor === null ? [] : [floor]), product]);
  const fault = windows.flatMap(({ faults }) => faults)[0];
  if (fault !== undefined) return `void: ${fault}`;
  const load = Math.max(0, ...pairs.map(({ floor }) => floor?.load ?? 0));
  if (load > MOST_LOAD) return `void: the floor was ${Math.round(load * 100)} % busy`;
  const spread = floors.length === 0 ? 0 : (Math.max(...floors) - Math.min(...floors)) / median(floors);
  if (spread > MOST_SPREAD) return `no verdict: the floor itself spreads by ${Math.round(spread * 100)} %`;
  return null;
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length / 2;
  const [lower, upper] = [sorted[Math.ceil(middle) - 1], sorted[Math.floor(middle)]];
  if (lower === undefined || upper === undefined) throw new RangeError('The median of nothing');
  return (lower + upper) / 2;
}

/** The value that `share` of all do not exceed (nearest rank). */
export function quantile(values: readonly number[], share: number): number {
  const value = [...values].sort((a, b) => a - b)[Math.max(0, Math.ceil(values.length * share) - 1)];
  if (value === undefined) throw new RangeError('A quantile of nothing');
  return value;
}

/** A B A B: each program is warmed up by a window that does not count. */
export async function alternate(count: number, floor: () => Promise<Window>, product: () => Promise<Window>): Promise<Pair[]> {
  await floor();
  await product();
  return inTurn(count, floor, product);
}

/** The same of a row without a floor. */
export async function repeat(count: number, product: () => Promise<Window>): Promise<Pair[]> {
  await product();
  return inTurn(count, null, product);
}

/** For windows that have programs of their own, which nothing before can warm up. */
export async function inTurn(
  count: number,
  floor: (() => Promise<Window>) | null,
  product: () => Promise<Window>,
): Promise<Pair[]> {
  const pairs: Pair[] = [];
  while (pairs.length < count) pairs.push({ floor: floor === null ? null : await floor(), product: await product() });
  return pairs;
}
