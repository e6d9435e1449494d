import { describe, expect, it } from '@jest/globals';
import { FakeRandom } from './random.fake.js';
import { LOWER_ALPHANUMERIC, SystemRandom } from './random.js';

describe.each([
  ['The system’s randomness', new SystemRandom()],
  ['The fake of it', new FakeRandom()],
])('%s', (_, random) => {
  it('gives whole numbers from the least, with it, to the greatest, without it', () => {
    const drawn = Array.from({ length: 1000 }, () => random.integer(3, 7));
    expect(new Set(drawn)).toEqual(new Set([3, 4, 5, 6]));
  });

  it('gives texts of an alphabet, hardly ever the same twice', () => {
    const texts = Array.from({ length: 200 }, () => random.text(6, LOWER_ALPHANUMERIC));
    expect(texts.every((text) => /^[a-z0-9]{6}$/.test(text))).toBe(true);
    expect(new Set(texts).size).toBe(200);
  });
});
