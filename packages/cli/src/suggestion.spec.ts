import { describe, expect, it } from '@jest/globals';
import { nearest } from './suggestion.js';

describe('what was most likely meant', () => {
  const flags = ['checkout', 'checkout.new-flow', 'welcome', 'a'];

  it.each([
    ['chekout', 'checkout'],
    ['checkout.newflow', 'checkout.new-flow'],
    ['welcom', 'welcome'],
    ['Welcome', 'welcome'],
    ['wel', 'welcome'],
    ['chec', 'checkout'],
  ])('by %s is %s', (word, meant) => expect(nearest(word, flags)).toBe(meant));

  it.each(['payments', 'b', '', 'we', 'welcome-to-the-shop'])('by %j is nothing that there is', (word) =>
    expect(nearest(word, flags)).toBeNull(),
  );
});
