import { type Clock } from '../platform.js';

/** What the promise gives, or null after so many milliseconds, and where it rejects. Leaves no timer. */
export function within<T>(promise: Promise<T>, ms: number, clock: Clock): Promise<T | null> {
  return new Promise((resolve) => {
    const timer = clock.setTimeout(() => resolve(null), ms);
    const end = (value: T | null): void => {
      clock.clearTimeout(timer);
      resolve(value);
    };
    promise.then(end, () => end(null));
  });
}
