import { describe, expect, it } from '@jest/globals';
import { cutsDue } from './doomed.js';

describe('The connections of a revoked key are to be cut', () => {
  it('from the answer on, by a node that nothing keeps from it', () => {
    expect(cutsDue(1000, { departures: [Infinity], returns: [0] })).toEqual([1000]);
  });

  it('from its return on, by a node that was away at the answer', () => {
    expect(cutsDue(1000, { departures: [400], returns: [3000] })).toEqual([3000]);
  });

  it('from the answer on, by a node that was back by then', () => {
    expect(cutsDue(1000, { departures: [400], returns: [900] })).toEqual([1000]);
  });

  it('from its return on, by a node that left before it had to be done', () => {
    expect(cutsDue(1000, { departures: [1900], returns: [2500] })).toEqual([2500]);
  });

  it('from the answer on, by a node that left when it had to be done', () => {
    expect(cutsDue(1000, { departures: [2001], returns: [2500] })).toEqual([1000]);
  });

  it('by each node for itself', () => {
    expect(cutsDue(1000, { departures: [400, Infinity, 2001], returns: [3000, 0, 2500] })).toEqual([3000, 1000, 1000]);
  });
});
