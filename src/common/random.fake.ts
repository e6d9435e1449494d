import { Random } from './random.js';

/** Counts instead of drawing: no two texts of six characters are the same for a long time. */
export class FakeRandom extends Random {
  private drawn = 0;

  integer(min: number, max: number): number {
    this.drawn += 1;
    return min + (((this.drawn * 7919) % 104_729) % (max - min));
  }
}
