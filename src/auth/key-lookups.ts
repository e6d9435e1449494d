import { type Clock } from '../common/clock.js';
import { Gate } from '../common/gate.js';
import { type Database } from '../database/database.js';
import { KeyNotChecked } from './key-not-checked.js';
import { KeyRefusals, type Refusal, UNKNOWN } from './key-refusals.js';
import { isExpired, type LiveKey } from './key-table.js';
import { SdkKey } from './sdk-key.entity.js';
import { TokenBucket } from './token-bucket.js';

/** Look-ups of one node: hostile selectors must not take the database from everybody else. */
const PER_SECOND = 50;
const BURST = 200;
/** Of the database's connections: the log is read through the same ones. */
const AT_ONCE = 4;
/** Where the database is slow, look-ups pile up no higher than this. */
const MOST_WAITING = 100;
/** For how long a key that was not found is not looked up again. */
const REFUSED_MS = 10_000;

export type KeyName = { selector: string } | { id: string };

/** Where a live key was found: its environment's keys are then loaded. */
export interface Found {
  readonly environmentId: string;
}

function textOf(name: KeyName): string {
  return 'selector' in name ? name.selector : name.id;
}

export function expiryOf(row: SdkKey): number | null {
  return row.expiresAt === null ? null : Date.parse(row.expiresAt);
}

/**
 * Asks the database about keys that this node does not hold: made on another node a moment ago, or unknown. What is refused
 * is remembered, a key is asked for once at a time, and beyond 50 look-ups a second (200 after a rest), or 100 that wait, the
 * answer is "not checked".
 */
export class KeyLookups {
  private readonly refusals = new KeyRefusals();
  private readonly underWay = new Map<string, Promise<Found | Refusal>>();
  private readonly gate = new Gate(AT_ONCE);
  private readonly budget: TokenBucket;

  constructor(
    private readonly database: Database,
    private readonly clock: Clock,
  ) {
    this.budget = new TokenBucket(PER_SECOND, BURST, clock);
  }

  /**
   * @throws DatabaseUnavailable
   * @throws KeyNotChecked
   */
  async find(name: KeyName): Promise<Found | Refusal> {
    const text = textOf(name);
    const refused = this.remembered(name);
    if (refused !== null) return refused;
    const pending = this.underWay.get(text);
    if (pending !== undefined) return pending;
    if (this.underWay.size >= MOST_WAITING || !this.budget.take()) throw new KeyNotChecked('overload');
    const lookup = this.ask(name).finally(() => this.underWay.delete(text));
    this.underWay.set(text, lookup);
    return lookup;
  }

  /** A key died here: it stays refused without a look-up, also while the database is away. */
  bury(key: LiveKey, reason: 'revoked' | 'expired'): void {
    const refusal = { reason, secretHash: key.secretHash };
    this.refusals.note(key.selector, refusal, Infinity);
    this.refusals.note(key.id, refusal, Infinity);
  }

  /** Why a key was refused, where that is remembered. */
  remembered(name: KeyName): Refusal | null {
    return this.refusals.get(textOf(name), this.clock.monotonic());
  }

  /** What was refused is looked up again. */
  forgetRefusals(): void {
    this.refusals.clear();
  }

  private async ask(name: KeyName): Promise<Found | Refusal> {
    const [row, era] = await this.gate.run(async () => {
      const before = this.refusals.present;
      return [await this.database.read((manager) => manager.findOneBy(SdkKey, name)), before] as const;
    });
    const found = row === null ? UNKNOWN : this.judge(row);
    if ('reason' in found && era === this.refusals.present) {
      this.refusals.note(textOf(name), found, this.clock.monotonic() + REFUSED_MS);
    }
    return found;
  }

  private judge(row: SdkKey): Found | Refusal {
    const secretHash = Buffer.from(row.secretHash, 'hex');
    if (row.revokedAt !== null) return { reason: 'revoked', secretHash };
    if (isExpired({ expiresAt: expiryOf(row) }, this.clock.now())) return { reason: 'expired', secretHash };
    return { environmentId: row.environmentId };
  }
}
