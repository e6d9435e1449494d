import { type Filter, type Flags, versionsOf } from '../../mixed/ledger.js';
import { type Transport } from '../../support/lines.js';
import { type SeededRandom } from '../../support/random.js';
import { type Memory, Visitor } from '../../support/visitor.js';
import { type FlagDefinition } from '../../support/wire-types.js';
import { type Sight } from './record.js';

/** Longer than two pings: a connection that says nothing for so long is dead. */
const SILENCE_MS = 4000;
const RETRY_MS = 400;
const MOST_BREACHES = 20;

export interface Whereabouts {
  readonly name: string;
  readonly transport: Transport;
  readonly key: string;
  readonly flags: Filter;
  /** The addresses that it goes to, each time the next. */
  readonly urls: readonly string[];
}

/** A client of the suite's own, by the letter of the protocol: it comes back, from where it stands, whenever a connection ends. */
export class RawClient {
  readonly sights: Sight[] = [];
  readonly breaches: string[] = [];
  received = 0;
  /** From when to when it was let in; null: it still is. */
  readonly stays: { readonly from: number; until: number | null }[] = [];
  private visitor: Visitor | null = null;
  private silence: NodeJS.Timeout | undefined;
  private returning: NodeJS.Timeout | undefined;
  private at: number;
  private isStalled = false;
  private isOver = false;

  constructor(
    readonly where: Whereabouts,
    private readonly random: SeededRandom,
    private kept?: Memory,
  ) {
    this.at = random.int(0, where.urls.length - 1);
    this.connect();
  }

  /** The node, by the order of the addresses, that it is connected to, or was last. */
  get node(): number {
    return this.at;
  }

  /** What it has applied. */
  get memory(): Memory | undefined {
    return this.visitor?.memory ?? this.kept;
  }

  get cursor(): string {
    return this.memory?.cursor.split('.', 3).join('.') ?? 'none';
  }

  get flags(): Flags {
    return this.memory?.state ?? new Map<string, FlagDefinition>();
  }

  /** The connection that it has; one that comes after is a new one. */
  stall(isStalled: boolean): void {
    if (this.visitor === null) return;
    this.isStalled = isStalled;
    this.visitor.stall(isStalled);
    this.hear();
  }

  stop(): void {
    this.isOver = true;
    clearTimeout(this.returning);
    this.leave();
  }

  private connect(): void {
    const { key, flags, transport, urls } = this.where;
    this.at = (this.at + 1) % urls.length;
    this.isStalled = false;
    let isNew = true;
    const visitor = new Visitor({
      ...{ url: urls[this.at] ?? '', key, flags, transport, memory: this.kept, waitS: 1, mayGoBack: true },
      witness: {
        onSet: ({ cursor, events }) => this.see({ kind: 'set', cursor, events }),
        onSync: (isFull, { cursor, state }) => {
          if (isFull) this.see({ kind: 'full', cursor, versions: versionsOf(state) });
          if (isNew) this.stays.push({ from: performance.now(), until: null });
          isNew = false;
        },
      },
      onSign: () => this.hear(),
      onEnd: () => this.comeBack(),
    });
    this.visitor = visitor;
    this.hear();
  }

  private see(sight: Omit<Sight, 'at'>): void {
    this.sights.push({ ...sight, at: performance.now() });
  }

  private hear(): void {
    clearTimeout(this.silence);
    if (this.isStalled || this.isOver) return;
    this.silence = setTimeout(() => this.comeBack(), SILENCE_MS);
  }

  private comeBack(): void {
    this.leave();
    clearTimeout(this.returning);
    if (!this.isOver) this.returning = setTimeout(() => this.connect(), this.random.next() * RETRY_MS);
  }

  private leave(): void {
    clearTimeout(this.silence);
    const { visitor } = this;
    if (visitor === null) return;
    this.visitor = null;
    const stay = this.stays.at(-1);
    if (stay !== undefined) stay.until ??= performance.now();
    this.kept = visitor.end(true);
    this.received += visitor.received;
    const room = MOST_BREACHES - this.breaches.length;
    this.breaches.push(...visitor.checker.violations.slice(0, Math.max(0, room)));
  }
}
