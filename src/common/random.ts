import { randomInt } from 'node:crypto';

/** Randomness as a parameter. Injected; tests hand in their own. */
export abstract class Random {
  /** A whole number from `min` (with) to `max` (without), fit for secrets. */
  abstract integer(min: number, max: number): number;

  /** `length` characters of `alphabet`. */
  text(length: number, alphabet: string): string {
    return Array.from({ length }, () => alphabet[this.integer(0, alphabet.length)]).join('');
  }
}

export class SystemRandom extends Random {
  integer(min: number, max: number): number {
    return randomInt(min, max);
  }
}

export const LOWER_ALPHANUMERIC = 'abcdefghijklmnopqrstuvwxyz0123456789';
