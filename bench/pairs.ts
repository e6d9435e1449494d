import { type CpuTime } from './cpu-clock.js';

/** One window of measuring one program. */
export interface Window {
  /** What the CPU time is divided by: deliveries, answers. */
  units: number;
  cpu: CpuTime;
  wallMs: number;
  /** What was not as it has to be: lost or repeated deliveries, other answers. */
  faults: readonly string[];
}

/** Floor and product, one after the other. */
export interface Pair {
  floor: Window;
  product: Window;
}

export interface Summary {
  /** Microseconds of CPU for one unit, medians. */
  floorUs: number;
  productUs: number;
  productUserUs: number;
  /** Product to floor, in each pair: the median, and the range. */
  ratio: number;
  range: readonly [number, number];
  /** Why the figures say nothing; null: they do. */
  noVerdict: string | null;
}

/** Above this the floor's own figures differ too much to compare anything with. */
const MOST_SPREAD = 0.25;
/** Above this share of its CPU a program's cost for one unit depends on the load. */
const MOST_LOAD = 0.4;

export const usPerUnit = ({ cpu, units }: Window): number => cpu.total / units;

export function summarize(pairs: readonly Pair[], invert: boolean): Summary {
  const costs = pairs.map(({ floor }) => usPerUnit(floor));
  const ratios = pairs.map(({ floor, product }) => {
    const ratio = usPerUnit(product) / usPerUnit(floor);
    return invert ? 1 / ratio : ratio;
  });
  return {
    floorUs: median(costs),
    productUs: median(pairs.map(({ product }) => usPerUnit(product))),
    productUserUs: median(pairs.map(({ product }) => product.cpu.user / product.units)),
    ratio: median(ratios),
    range: [Math.min(...ratios), Math.max(...ratios)],
    noVerdict: reasonAgainst(pairs, costs),
  };
}

function reasonAgainst(pairs: readonly Pair[], costs: readonly number[]): string | null {
  const fault = pairs.flatMap(({ floor, product }) => [...floor.faults, ...product.faults])[0];
  if (fault !== undefined) return `void: ${fault}`;
  const load = Math.max(...pairs.map(({ floor }) => floor.cpu.total / 1000 / floor.wallMs));
  if (load > MOST_LOAD) return `void: the floor was ${Math.round(load * 100)} % busy`;
  const spread = (Math.max(...costs) - Math.min(...costs)) / median(costs);
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

/** A B A B: each program is warmed up by a window that does not count. */
export async function alternate(count: number, floor: () => Promise<Window>, product: () => Promise<Window>): Promise<Pair[]> {
  await floor();
  await product();
  const pairs: Pair[] = [];
  for (let done = 0; done < count; done += 1) pairs.push({ floor: await floor(), product: await product() });
  return pairs;
}
