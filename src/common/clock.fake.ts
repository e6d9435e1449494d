import { Clock } from './clock.js';

/** Stands still until it is moved; may go back, as a wall clock does. */
export class FakeClock extends Clock {
  constructor(public time = Date.parse('2026-06-01T00:00:00.000Z')) {
    super();
  }

  now(): number {
    return this.time;
  }

  monotonic(): number {
    return this.time;
  }
}
