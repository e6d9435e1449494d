const TWO_TO_32 = 4_294_967_296;

/** A repeatable source of randomness (mulberry32): the same seed gives the same sequence everywhere. Not for secrets. */
export class SeededRandom {
  readonly seed: number;
  #state: number;

  constructor(seed: number) {
    this.seed = seed >>> 0;
    this.#state = this.seed;
  }

  /** At least 0, below 1. */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let mixed = this.#state;
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / TWO_TO_32;
  }

  /** An integer from `low` to `high`, both included. */
  int(low: number, high: number): number {
    return low + Math.floor(this.next() * (high - low + 1));
  }

  /** True with probability `p`. */
  chance(p: number): boolean {
    return this.next() < p;
  }

  /** @throws RangeError for an empty list. */
  pick<T>(list: readonly T[]): T {
    if (list.length === 0) throw new RangeError('nothing to pick from');
    return list[this.int(0, list.length - 1)] as T;
  }

  /** A shuffled copy. */
  shuffle<T>(list: readonly T[]): T[] {
    const copy = [...list];
    for (let last = copy.length - 1; last > 0; last -= 1) {
      const other = this.int(0, last);
      [copy[last], copy[other]] = [copy[other] as T, copy[last] as T];
    }
    return copy;
  }

  /** `length` characters of `alphabet`. */
  text(length: number, alphabet = 'abcdefghijklmnopqrstuvwxyz0123456789'): string {
    return Array.from({ length }, () => this.pick([...alphabet])).join('');
  }

  /** A source of its own: what is drawn from it does not move this one any further. */
  fork(): SeededRandom {
    return new SeededRandom(this.int(0, TWO_TO_32 - 1));
  }
}

/** `FLAGWIRE_TEST_SEED` where set, else drawn. */
export function testSeed(): number {
  const given = process.env['FLAGWIRE_TEST_SEED'];
  return given === undefined ? Math.floor(Math.random() * TWO_TO_32) : Number.parseInt(given, 10) >>> 0;
}

/**
 * Runs a randomised test; its failure names the seed that repeats it.
 * @throws Error with the seed in front of the message, and the failure as its cause.
 */
export async function withSeed<T>(run: (random: SeededRandom) => T | Promise<T>, seed: number = testSeed()): Promise<T> {
  try {
    return await run(new SeededRandom(seed));
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new Error(`with FLAGWIRE_TEST_SEED=${seed}: ${reason}`, { cause: error });
  }
}
