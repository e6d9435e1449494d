/** Why a key is refused, with the hash of its secret: only who has the secret is told more than "unknown". */
export interface Refusal {
  readonly reason: 'unknown' | 'revoked' | 'expired';
  readonly secretHash: Buffer | null;
}

export const UNKNOWN: Refusal = { reason: 'unknown', secretHash: null };

const MOST = 10_000;

interface Entry {
  refusal: Refusal;
  /** Monotonic milliseconds. */
  until: number;
}

/** What was found not to be a live key, by selector or id. At the bound the oldest entry gives way, and is looked up again. */
export class KeyRefusals {
  private readonly entries = new Map<string, Entry>();
  private era = 0;

  get(name: string, now: number): Refusal | null {
    const entry = this.entries.get(name);
    if (entry === undefined) return null;
    if (entry.until > now) return entry.refusal;
    this.entries.delete(name);
    return null;
  }

  /** @param until monotonic milliseconds; Infinity for what cannot come back. */
  note(name: string, refusal: Refusal, until: number): void {
    this.entries.delete(name);
    const [oldest] = this.entries.keys();
    if (oldest !== undefined && this.entries.size >= MOST) this.entries.delete(oldest);
    this.entries.set(name, { refusal, until });
  }

  /** Forgets everything: keys were made, or the database is another one. */
  clear(): void {
    this.entries.clear();
    this.era += 1;
  }

  /** Another number after each `clear`: a look-up that began in another era is not to be noted. */
  get present(): number {
    return this.era;
  }
}
