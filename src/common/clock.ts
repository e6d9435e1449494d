/** Time as a parameter. Injected; tests hand in their own. */
export abstract class Clock {
  /** Wall clock, Unix milliseconds. */
  abstract now(): number;
  /** Milliseconds that only go up; its zero means nothing. */
  abstract monotonic(): number;
}

export class SystemClock extends Clock {
  now(): number {
    return Date.now();
  }

  monotonic(): number {
    return performance.now();
  }
}

/** RFC 3339 with milliseconds, UTC. */
export function isoTime(ms: number): string {
  return new Date(ms).toISOString();
}
