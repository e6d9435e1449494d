import { describe, expect, it } from '@jest/globals';
import { goalText, verdictOn } from '../../bench/goal.js';
import { cpuPerUnit, unitsPerCpuSecond } from '../../bench/window.js';

describe('a goal', () => {
  it.each([
    [{ most: 1.25 }, '<= 1.25 x'],
    [{ least: 0.9 }, '>= 0.9 x'],
    [{ mostOfAll: 15 }, '<= 15 ms'],
  ])('of %j reads %s', (goal, text) => expect(goalText(goal, 'ms')).toBe(text));

  it.each([
    [{ most: 1.25 }, 1.25, 'met'],
    [{ most: 1.25 }, 1.5, 'short by 20 %'],
    [{ least: 0.6 }, 0.6, 'met'],
    [{ least: 0.6 }, 0.45, 'short by 25 %'],
    [{ mostOfAll: 15 }, 14, 'met'],
    [{ mostOfAll: 15 }, 18, 'short by 20 %'],
    [{ most: 2 }, 2.001, 'short by 1 %'],
  ])('of %j is by %d %s', (goal, value, verdict) => expect(verdictOn(goal, value)).toBe(verdict));
});

describe('the work of a window', () => {
  const work = { units: 2000, cpu: { total: 50_000, user: 30_000, system: 20_000 }, wallMs: 1000, faults: ['one'] };

  it('is told as microseconds of CPU for a unit, or as units for a second of CPU', () => {
    expect([cpuPerUnit(work).figure, unitsPerCpuSecond(work).figure]).toEqual([25, 40_000]);
  });

  it('keeps its load, its faults and what it was made of', () => {
    const parts = { units: 2000, wallMs: 1000, cpuUs: 50_000, userUs: 30_000, systemUs: 20_000 };
    expect(cpuPerUnit(work)).toMatchObject({ load: 0.05, faults: ['one'], parts });
  });
});
