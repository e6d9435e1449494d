import { type PolicyState } from './policy-state.js';

const SECOND = 1000;
/** Timers of every runtime end at 2^31 ms, and what is further away fires at once. */
const LONGEST = 3600 * SECOND;

/** Full jitter: anywhere up to a bound that doubles. The first return is the server's to say, else soon. */
export function backOff({ failures, retry_ms }: PolicyState, random: number): number {
  if (failures === 0) return clamp(retry_ms ?? 500 + random * 500);
  return random * Math.min(30 * SECOND, SECOND * 2 ** Math.min(failures - 1, 10));
}

/** Everybody is told the same `Retry-After`: nobody comes before it, and not all at once after it. */
export function spread(retry_after_ms: number, random: number): number {
  return clamp(retry_after_ms) * (1 + random / 4);
}

/** A credential that is refused may be let in again, by hand: not soon, and not never. */
export function refusedDelay(random: number): number {
  return (150 + random * 150) * SECOND;
}

export function probeDelay(random: number): number {
  return (240 + random * 120) * SECOND;
}

export function clamp(ms: number): number {
  return Math.min(Math.max(0, ms), LONGEST);
}
