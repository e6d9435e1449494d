/** Milliseconds below this have a bucket each; those above share 32 in each octave, so that no figure is off by more than 3 %. */
const FINE = 64;
const PER_OCTAVE = 32;
const OCTAVES = 20;
const LONGEST = 2 ** 31 - 1;
const BUCKETS = FINE + OCTAVES * PER_OCTAVE;

/** How often each bucket was met: pairs of a bucket's number and its count. */
export type Buckets = [bucket: number, count: number][];

/** Delays of one revision: a histogram, so that those of several nodes can be added up. Times are milliseconds. */
export class Delays {
  private readonly counts = new Uint32Array(BUCKETS);
  max = 0;

  add(delay: number): void {
    this.counts[bucketOf(delay)]! += 1;
    if (delay > this.max) this.max = delay;
  }

  /** Those that were met, lowest first. */
  buckets(): Buckets {
    return [...this.counts].flatMap((count, bucket) => (count === 0 ? [] : [[bucket, count] as [number, number]]));
  }
}

function bucketOf(delay: number): number {
  const ms = Math.floor(delay);
  if (!(ms >= 0)) return 0;
  if (ms < FINE) return ms;
  const octave = Math.min(OCTAVES - 1, 25 - Math.clz32(Math.min(ms, LONGEST)));
  const low = FINE * 2 ** octave;
  return Math.min(BUCKETS - 1, FINE + octave * PER_OCTAVE + Math.floor(((ms - low) * PER_OCTAVE) / low));
}

/** The middle of a bucket. */
function valueOf(bucket: number): number {
  if (bucket < FINE) return bucket + 0.5;
  const octave = Math.floor((bucket - FINE) / PER_OCTAVE);
  const low = FINE * 2 ** octave;
  return low + ((((bucket - FINE) % PER_OCTAVE) + 0.5) * low) / PER_OCTAVE;
}

/** How many delays stand in the buckets. */
export function countOf(buckets: Buckets): number {
  return buckets.reduce((sum, [, count]) => sum + count, 0);
}

/** Those of several nodes as one, lowest first. */
export function added(all: readonly Buckets[]): Buckets {
  const sums = new Map<number, number>();
  for (const [bucket, count] of all.flat()) sums.set(bucket, (sums.get(bucket) ?? 0) + count);
  return [...sums].sort(([a], [b]) => a - b);
}

/** The delay that this part of all, such as 0.99, did not exceed (nearest rank); null where there is none. */
export function quantile(buckets: Buckets, part: number): number | null {
  let left = Math.max(1, Math.ceil(countOf(buckets) * part));
  for (const [bucket, count] of buckets) {
    left -= count;
    if (left <= 0) return valueOf(bucket);
  }
  return null;
}
