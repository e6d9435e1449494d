import { type Stray } from './row.js';

/** A node that is asked to pass on more of them drops the oldest: their clients acknowledge again. */
const MOST_STRAYS = 2500;
/** By then every node that is there has read them. */
const KEPT_MS = 3000;

/** Acknowledgements that came to a node without their connection, the newest of each connection. */
export class Strays {
  private readonly kept = new Map<string, { stray: Stray; at: number }>();

  /** @param now monotonic milliseconds. */
  constructor(private readonly now: () => number) {}

  add(stray: Stray): void {
    this.kept.delete(stray[0]);
    this.kept.set(stray[0], { stray, at: this.now() });
    for (const oldest of this.kept.keys()) {
      if (this.kept.size <= MOST_STRAYS) return;
      this.kept.delete(oldest);
    }
  }

  /** As of now: the time since they came counts as waited. */
  all(): Stray[] {
    const now = this.now();
    for (const [connectionId, { at }] of this.kept) if (now - at >= KEPT_MS) this.kept.delete(connectionId);
    return [...this.kept.values()].map(({ stray: [connectionId, keyId, cursor, waited], at }) => [
      ...([connectionId, keyId, cursor] as const),
      Math.round(waited + now - at),
    ]);
  }
}
