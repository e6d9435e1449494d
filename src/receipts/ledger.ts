import { randomUUID } from 'node:crypto';
import { Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { parseCursor } from '@flagwire/protocol/sync';
import { type Subscription } from 'rxjs';
import { ChangeFeed, type FeedUpdate } from '../changes/change-feed.js';
import { assertNever } from '../common/assert.js';
import { Clock } from '../common/clock.js';
import { Config } from '../config/config.js';
import { type ClientReceipt, type Recipient, type Source } from './client-receipt.js';
import { type Count, type Stray } from './row.js';
import { Strays } from './strays.js';
import { Tally } from './tally.js';

const LEAST_EVERY_MS = 250;
/** Bytes that have not left are looked after this often; less often where many wait, so that it never takes more than a little. */
const LOOK_MS = 10;
const LOOKS_PER_MS = 50;

/** What is under way does not count as late. */
const LATE_MS = 10_000;

/** An acknowledgement of whom nothing but its connection is known. */
export interface Acknowledgement {
  readonly connectionId: string;
  readonly keyId: string;
  readonly cursor: string;
  /** Milliseconds since the client applied it, by its own clock. */
  readonly waitedMs: number;
}

/** What this node knows of what its clients have, of every environment. In memory alone. */
@Injectable()
export class Ledger implements OnApplicationShutdown {
  /** Of this run of the process. */
  readonly nodeId = randomUUID();
  private readonly tallies = new Map<string, Tally>();
  private readonly byConnection = new Map<string, { receipt: ClientReceipt; tally: Tally; environmentId: string }>();
  private readonly strays: Strays;
  private readonly following: Subscription;
  private timer: NodeJS.Timeout | null = null;

  constructor(
    private readonly feed: ChangeFeed,
    private readonly clock: Clock,
    private readonly config: Config,
  ) {
    this.strays = new Strays(() => clock.monotonic());
    this.following = feed.updates.subscribe((update) => this.follow(update));
  }

  onApplicationShutdown(): void {
    this.following.unsubscribe();
    if (this.timer !== null) clearTimeout(this.timer);
  }

  /** How often a client may acknowledge, so that this node hears no more than it can bear. Milliseconds; 0: never. */
  get everyMs(): number {
    const { acksPerSecond } = this.config;
    if (acksPerSecond === 0) return 0;
    return Math.max(LEAST_EVERY_MS, Math.ceil((this.byConnection.size * 1000) / acksPerSecond));
  }

  /** A client has connected. */
  enter(environmentId: string, recipient: Recipient, source: Source): ClientReceipt {
    const tally = this.tally(environmentId);
    const receipt = tally.enter(recipient, source);
    this.byConnection.set(recipient.connectionId, { receipt, tally, environmentId });
    return receipt;
  }

  leave(receipt: ClientReceipt): void {
    receipt.leave();
    const { connectionId } = receipt.recipient;
    const environmentId = this.byConnection.get(connectionId)?.environmentId;
    this.byConnection.delete(connectionId);
    if (environmentId !== undefined && this.tallies.get(environmentId)?.isEmpty) this.tallies.delete(environmentId);
  }

  /** Of an environment that is asked about for a client that polls. */
  tally(environmentId: string): Tally {
    const present = this.tallies.get(environmentId);
    if (present !== undefined) return present;
    const head = this.feed.replica(environmentId)?.head ?? { epoch: '', revision: -1 };
    const tools = { now: () => this.clock.monotonic(), onWaiting: () => this.lookSoon() };
    const tally = new Tally(head.epoch, head.revision, tools);
    this.tallies.set(environmentId, tally);
    return tally;
  }

  /** A client says what it has applied. Who is connected to another node is found by it: see `strays`. */
  acknowledge(acknowledgement: Acknowledgement): void {
    if (this.take(acknowledgement)) return;
    const { connectionId, keyId, cursor, waitedMs } = acknowledgement;
    this.strays.add([connectionId, keyId, cursor, waitedMs]);
  }

  /** Acknowledgements of connections of other nodes, which look for their own among them. */
  strayed(): Stray[] {
    return this.strays.all();
  }

  /** Takes this node's own among those that came to another one. @param ageMs how long ago that wrote them. */
  takeStrays(strays: readonly Stray[], ageMs: number): void {
    for (const [connectionId, keyId, cursor, waitedMs] of strays) {
      this.take({ connectionId, keyId, cursor, waitedMs: waitedMs + ageMs });
    }
  }

  /** Environments with clients, and what is known of these. */
  *counts(): Generator<[environmentId: string, count: Count]> {
    for (const [environmentId, tally] of [...this.tallies]) {
      const count = tally.take();
      if (tally.isEmpty) this.tallies.delete(environmentId);
      else yield [environmentId, count];
    }
  }

  /** Null: nobody is there. */
  count(environmentId: string): Count | null {
    return this.tallies.get(environmentId)?.take() ?? null;
  }

  /** Clients that have lacked something for a while. */
  behind(environmentId: string): number {
    return this.tallies.get(environmentId)?.late(LATE_MS) ?? 0;
  }

  /** @returns false where the connection is not of this node. */
  private take({ connectionId, keyId, cursor: text, waitedMs }: Acknowledgement): boolean {
    const found = this.byConnection.get(connectionId);
    if (found === undefined) return false;
    const { receipt, tally, environmentId } = found;
    const cursor = parseCursor(text);
    const standing = cursor === null ? undefined : this.feed.replica(environmentId)?.standing(cursor).kind;
    // Of another history, or by somebody else: it is nobody's receipt.
    const isReceipt = receipt.recipient.keyId === keyId && (standing === 'sets' || standing === 'unknown');
    if (isReceipt && cursor !== null) tally.acknowledge(receipt, { revision: cursor.revision, text }, waitedMs, this.everyMs);
    return true;
  }

  private follow(update: FeedUpdate): void {
    switch (update.kind) {
      case 'changed': {
        const tally = this.tallies.get(update.replica.environment.id);
        for (const { after, commit } of update.sets) tally?.read(after.revision, commit.readAfterMs);
        return;
      }
      case 'reset': {
        const { environment, head } = update.replica;
        return this.tallies.get(environment.id)?.reset(head.epoch, head.revision);
      }
      case 'removed':
        this.tallies.delete(update.environmentId);
        return;
      case 'keys':
        return;
      default:
        return assertNever(update);
    }
  }

  /** One timer for all who wait for bytes to leave. */
  private lookSoon(): void {
    if (this.timer !== null) return;
    const waits = [...this.tallies.values()].reduce((sum, tally) => sum + tally.waits, 0);
    this.timer = setTimeout(() => this.look(), LOOK_MS + waits / LOOKS_PER_MS).unref();
  }

  private look(): void {
    this.timer = null;
    for (const tally of this.tallies.values()) {
      tally.look();
      if (tally.waits > 0) this.lookSoon();
    }
  }
}
