import { type Clock } from '../platform.js';

/** One timer for a time that moves back and back. `ring` looks at the time itself: it may come early. */
export class Alarm {
  #timer: { readonly handle: unknown; readonly at: number } | null = null;
  readonly #clock: Clock;
  readonly #ring: () => void;

  constructor(clock: Clock, ring: () => void) {
    this.#clock = clock;
    this.#ring = ring;
  }

  /** Infinity: not at all. A deadline moves back with every byte: the timer is set anew only where it would come too late. */
  set(at: number): void {
    if (this.#timer !== null && at < Infinity && this.#timer.at <= at) return;
    this.#clock.clearTimeout(this.#timer?.handle);
    this.#timer = null;
    if (at === Infinity) return;
    const ring = (): void => {
      this.#timer = null;
      this.#ring();
    };
    this.#timer = { handle: this.#clock.setTimeout(ring, Math.max(0, Math.ceil(at - this.#clock.now()))), at };
  }
}
