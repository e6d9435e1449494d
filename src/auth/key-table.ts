import { type KeyKind } from '@flagwire/protocol/admin';

/** A key that is neither revoked nor expired, as far as this node knows. */
export interface LiveKey {
  readonly id: string;
  readonly environmentId: string;
  readonly kind: KeyKind;
  readonly selector: string;
  readonly secretHash: Buffer;
  readonly allowedOrigins: readonly string[];
  /** Unix milliseconds; null: never. */
  readonly expiresAt: number | null;
}

export function isExpired(key: { readonly expiresAt: number | null }, now: number): boolean {
  return key.expiresAt !== null && key.expiresAt <= now;
}

/** The live keys in memory. No clock, no database. Its bound is the number of live keys in the database. */
export class KeyTable {
  private readonly byId = new Map<string, LiveKey>();
  private readonly bySelector = new Map<string, LiveKey>();
  private readonly byEnvironment = new Map<string, readonly LiveKey[]>();
  private origins: ReadonlySet<string> | null = null;

  withId(id: string): LiveKey | undefined {
    return this.byId.get(id);
  }

  withSelector(selector: string): LiveKey | undefined {
    return this.bySelector.get(selector);
  }

  all(): Iterable<LiveKey> {
    return this.byId.values();
  }

  /** Whether any key lists this origin. */
  allows(origin: string): boolean {
    this.origins ??= new Set([...this.byId.values()].flatMap((key) => key.allowedOrigins));
    return this.origins.has(origin);
  }

  /** Sets an environment's keys; gives those that are gone. */
  replace(environmentId: string, keys: readonly LiveKey[]): LiveKey[] {
    const before = this.byEnvironment.get(environmentId) ?? [];
    for (const key of before) this.forget(key);
    for (const key of keys) {
      this.byId.set(key.id, key);
      this.bySelector.set(key.selector, key);
    }
    if (keys.length === 0) this.byEnvironment.delete(environmentId);
    else this.byEnvironment.set(environmentId, keys);
    this.origins = null;
    return before.filter((key) => !this.byId.has(key.id));
  }

  /** Takes out what has expired, and gives it. */
  expire(now: number): LiveKey[] {
    const expired: LiveKey[] = [];
    for (const key of this.byId.values()) if (isExpired(key, now)) expired.push(key);
    for (const key of expired) {
      const others = this.byEnvironment.get(key.environmentId) ?? [];
      this.replace(
        key.environmentId,
        others.filter((other) => other !== key),
      );
    }
    return expired;
  }

  private forget(key: LiveKey): void {
    this.byId.delete(key.id);
    this.bySelector.delete(key.selector);
  }
}
