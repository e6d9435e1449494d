import { ClientReceipt, type Counting, type Recipient, type Source } from './client-receipt.js';
import { Delays } from './delays.js';
import { Pollers } from './pollers.js';
import { type Count, type Laggard, MOST_LAGGARDS, MOST_REVISIONS } from './row.js';

/** What a node has read of one of the newest revisions. */
interface Read {
  /** Monotonic milliseconds. */
  readonly at: number;
  readonly commitToReadMs: number;
  readonly delays: Delays;
}

/** What a client says that it has applied. */
export interface Applied {
  readonly revision: number;
  /** The cursor. */
  readonly text: string;
}

/** What a tally is told from outside. */
export interface TallyTools {
  /** Monotonic milliseconds. */
  now: () => number;
  /** Called when somebody waits for bytes to leave. */
  onWaiting: () => void;
}

/** Who comes later than this many intervals of acknowledging is late with all that it acknowledges at once. */
const LATE = 10;

/** What this node knows of what the clients of one environment have. A delivery costs it a few numbers; the rest is done at a count. */
export class Tally implements Counting {
  readonly pollers: Pollers;
  private readonly receipts = new Set<ClientReceipt>();
  private readonly waiting = new Set<ClientReceipt>();
  private readonly reads = new Map<number, Read>();
  private newest = -1;
  private newestRead: Read | null = null;

  /** @param head the newest revision that the node has read. */
  constructor(
    public epoch: string,
    public head: number,
    private readonly tools: TallyTools,
  ) {
    this.pollers = new Pollers((revision, at) => this.timeAt(revision, at));
  }

  get isEmpty(): boolean {
    return this.receipts.size === 0 && this.pollers.isEmpty;
  }

  get size(): number {
    return this.receipts.size;
  }

  get waits(): number {
    return this.waiting.size;
  }

  enter(recipient: Recipient, source: Source): ClientReceipt {
    const receipt = new ClientReceipt(recipient, source, this, this.tools.now());
    this.receipts.add(receipt);
    return receipt;
  }

  leave(receipt: ClientReceipt): void {
    this.receipts.delete(receipt);
    this.waiting.delete(receipt);
  }

  /** The node has read a revision; null: it was loaded, and nobody waited for it. */
  read(revision: number, commitToReadMs: number | null): void {
    this.head = revision;
    if (commitToReadMs === null) return;
    const read = { at: this.tools.now(), commitToReadMs, delays: new Delays() };
    this.reads.set(revision, read);
    [this.newest, this.newestRead] = [revision, read];
    for (const old of this.reads.keys()) {
      if (this.reads.size <= MOST_REVISIONS) return;
      this.reads.delete(old);
    }
  }

  /** Everything was loaded anew, which may be another history. */
  reset(epoch: string, head: number): void {
    [this.epoch, this.head] = [epoch, head];
    this.reads.clear();
    [this.newest, this.newestRead] = [-1, null];
    this.pollers.forget(head);
    for (const receipt of this.receipts) {
      receipt.forget();
      receipt.timed = head;
    }
  }

  time(revision: number): void {
    const read = revision === this.newest ? this.newestRead : this.reads.get(revision);
    if (read !== null && read !== undefined) count(read, this.tools.now());
  }

  timeUpTo(receipt: ClientReceipt, revision: number, isWhole: boolean): void {
    const first = isWhole ? receipt.timed + 1 : revision;
    for (const [known, read] of this.reads) {
      if (known >= first && known <= revision && known > receipt.timed) count(read, this.tools.now());
    }
    receipt.timed = Math.max(receipt.timed, revision);
  }

  await(receipt: ClientReceipt): void {
    this.waiting.add(receipt);
    this.tools.onWaiting();
  }

  /** Looks at those who wait. */
  look(): void {
    for (const receipt of this.waiting) if (receipt.look()) this.waiting.delete(receipt);
  }

  /**
   * A client says that it has applied everything up to a revision, `waitedMs` ago. What it was never sent is not believed. Only the
   * newest revision is timed: those before it were applied earlier than this says, unless it is so late that it makes no difference.
   */
  acknowledge(receipt: ClientReceipt, { revision, text }: Applied, waitedMs: number, everyMs: number): void {
    if (revision > Math.max(receipt.sent, receipt.told) || revision <= receipt.acked) return;
    this.waiting.delete(receipt);
    receipt.acked = revision;
    receipt.cursor = text;
    if (revision <= receipt.timed) return;
    const at = this.tools.now() - Math.max(0, waitedMs);
    for (const [known, read] of this.reads) {
      if (known <= receipt.timed || known > revision) continue;
      const isLate = receipt.source.isWhole && at - read.at > LATE * everyMs;
      if (known === revision || isLate) count(read, at);
    }
    receipt.timed = revision;
  }

  /** What is known now. */
  take(): Count {
    const now = this.tools.now();
    this.look();
    const byStanding = new Map<number, [clients: number, acknowledged: number]>();
    const transports: Record<string, number> = {};
    for (const receipt of this.receipts) {
      const { standing } = receipt;
      if (standing === null) continue;
      const { transport } = receipt.recipient;
      transports[transport] = (transports[transport] ?? 0) + 1;
      const counts = byStanding.get(standing) ?? [0, 0];
      byStanding.set(standing, counts);
      counts[0] += 1;
      if (receipt.acknowledges) counts[1] += 1;
    }
    const standings = [...byStanding].map(([revision, [clients, acks]]): Count['standings'][number] => [revision, clients, acks]);
    standings.sort(([a], [b]) => b - a);
    const older = standings.splice(MOST_REVISIONS).reduce((sum, [, clients]) => sum + clients, 0);
    return {
      ...{ epoch: this.epoch, revision: this.head, transports, standings, older },
      delays: [...this.reads].map(([revision, { commitToReadMs, delays }]) => ({
        ...{ revision, commit_to_read_ms: commitToReadMs, max_ms: delays.max, buckets: delays.buckets() },
      })),
      laggards: [...this.laggards(byStanding, now), ...this.pollers.laggards(this.head, now, (at) => this.behindSince(at))],
      pollers: this.pollers.standings(now),
    };
  }

  /** Clients that have lacked something for so many milliseconds. */
  late(ms: number): number {
    const now = this.tools.now();
    const isLate = (revision: number, since: number) =>
      revision < this.head && now - Math.max(since, this.behindSince(revision) ?? since) >= ms;
    const receipts = [...this.receipts].filter(({ standing, since }) => standing !== null && isLate(standing, since));
    return receipts.length + this.pollers.count(isLate, now);
  }

  /** Those furthest behind: found by the counts, so that nobody is sorted. */
  private laggards(byStanding: ReadonlyMap<number, readonly [number, number]>, now: number): Laggard[] {
    let [last, room] = [-2, MOST_LAGGARDS];
    for (const standing of [...byStanding.keys()].sort((a, b) => a - b)) {
      if (standing >= this.head || room <= 0) break;
      last = standing;
      room -= byStanding.get(standing)![0];
    }
    const found: Laggard[] = [];
    const collect = (isWanted: (standing: number) => boolean) => {
      for (const receipt of this.receipts) {
        const { standing } = receipt;
        if (found.length >= MOST_LAGGARDS) return;
        if (standing !== null && isWanted(standing)) found.push(this.laggard(receipt, standing, now));
      }
    };
    collect((standing) => standing < last);
    collect((standing) => standing === last);
    return found;
  }

  private laggard(receipt: ClientReceipt, standing: number, now: number): Laggard {
    const { since } = receipt;
    const { client, transport } = receipt.recipient;
    return {
      ...{ poller: null, client: client?.name ?? null, version: client?.version ?? null, transport },
      ...{ revision: standing, cursor: receipt.cursor ?? receipt.source.cursor },
      behind_ms: Math.round(now - Math.max(since, this.behindSince(standing) ?? since)),
    };
  }

  /** When the first revision was read that somebody at `standing` lacks, as far as is known. */
  private behindSince(standing: number): number | null {
    for (const [revision, { at }] of this.reads) if (revision > standing) return at;
    return null;
  }

  private timeAt(revision: number, at: number): void {
    const read = this.reads.get(revision);
    if (read !== undefined) count(read, at);
  }
}

function count({ at, commitToReadMs, delays }: Read, now: number): void {
  delays.add(commitToReadMs + Math.max(0, now - at));
}
