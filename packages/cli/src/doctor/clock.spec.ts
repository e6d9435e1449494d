import { describe, expect, it } from '@jest/globals';
import { clockFinding } from './clock.js';

const NOON = Date.UTC(2026, 10, 27, 12);
const DATE = new Date(NOON).toUTCString();
/** An answer with the date of noon, sent and received by a clock that is `off` from it. */
const seen = (off: number, tookMs = 100) => clockFinding(DATE, { sentAt: NOON + off, cameAt: NOON + off + tookMs });

describe('the clock of a server', () => {
  it.each([
    [0, 'ok'],
    [5999, 'ok'],
    [-5099, 'ok'],
    [6001, 'fault'],
    [-5101, 'fault'],
  ])('that is %i ms away is %s: what whole seconds and the way can explain is nobody’s fault', (off, verdict) => {
    expect(seen(off).verdict).toBe(verdict);
  });

  it('is not blamed for an answer that took its time', () => {
    expect(seen(-60_000, 60_000).verdict).toBe('ok');
  });

  it('is said to be ahead or behind, in seconds', () => {
    expect(seen(3_601_000).detail).toContain('3600 s ahead of');
    expect(seen(-3_600_100).detail).toContain('3600 s behind');
  });

  it.each([null, 'yesterday'])('is not looked at by the date %j', (date) => {
    expect(clockFinding(date, { sentAt: NOON, cameAt: NOON }).verdict).toBe('skipped');
  });
});
