import { Random } from './random.js';

/** The same sequence every time (mulberry32); no two texts of six characters are the same for a long time. */
export class FakeRandom extends Random {
  private state = 1;

  integer(min: number, max: number): number {
    this.state = (this.state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(this.state ^ (this.state >>> 15), this.state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return min + (((mixed ^ (mixed >>> 14)) >>> 0) % (max - min));
  }
}
