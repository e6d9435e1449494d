import { Injectable, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { type GoodbyeReason } from '@flagwire/protocol/sync';
import { Subscription as RxSubscription } from 'rxjs';
import { type KeyDeath, KeyRing, refusalOf } from '../../auth/key-ring.js';
import { assertNever } from '../../common/assert.js';
import { ChangeFeed, type FeedUpdate } from '../../changes/change-feed.js';
import { type EnvironmentReplica } from '../../changes/environment-replica.js';
import { Config } from '../../config/config.js';
import { SyncHub } from '../../sync/sync-hub.js';
import { type DocumentStream } from './document-stream.js';
import { FlagdDocuments } from './flagd-documents.js';
import { type Admitted } from './flagd-gate.js';
import { type CallEnd, callEndOf } from './grpc-status.js';
import { NotServing, refusedBy } from './not-serving.js';

/** A call that is being answered with documents. */
interface Member {
  readonly caller: Admitted;
  readonly stream: DocumentStream;
  /** Gets each revision; false: one document, and that is all. */
  readonly follows: boolean;
  readonly leave: () => void;
}

/** An end that its reader does not let through is made without it. A dead key's calls are over within a second. */
const END_MS = 500;
const LOOK_MS = 100;
/** Those who are sent away at shutdown go in this many portions. */
const DRAIN_STEPS = 20;

/** All calls of this node that are answered with documents: each revision goes to those who follow, and every end comes from here. */
@Injectable()
export class FlagdStreams implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly members = new Set<Member>();
  private readonly subscriptions = new RxSubscription();
  private timer: NodeJS.Timeout | null = null;

  constructor(
    private readonly hub: SyncHub,
    private readonly documents: FlagdDocuments,
    private readonly config: Config,
    feed: ChangeFeed,
    keys: KeyRing,
  ) {
    this.subscriptions.add(feed.updates.subscribe((update) => this.follow(update)));
    this.subscriptions.add(keys.died.subscribe((dead) => this.endKey(dead)));
  }

  onApplicationBootstrap(): void {
    this.timer = setInterval(() => this.look(), LOOK_MS).unref();
  }

  onApplicationShutdown(): void {
    if (this.timer !== null) clearInterval(this.timer);
    this.subscriptions.unsubscribe();
  }

  /**
   * Takes a call in, and sends it the present document in the same turn: nothing is missed between that and the next revision.
   * @returns what has to be called when the call is over.
   * @throws NotServing, RateLimited, or what refuses its key: it may have died since it was checked.
   */
  join(caller: Admitted, stream: DocumentStream, replica: EnvironmentReplica, follows: boolean): () => void {
    const refusal = this.hub.refusal(caller);
    if (refusal !== null) throw refusedBy(refusal, caller.keyId);
    const member: Member = { caller, stream, follows, leave: this.hub.take('grpc', caller) };
    this.members.add(member);
    stream.send(this.documents.message(replica));
    return () => this.remove(member);
  }

  /** Sends all away over `drainMs`; newcomers are refused by the hub. Resolves when all have been told. */
  async drain(): Promise<void> {
    const leaving = [...this.members];
    const portion = Math.ceil(leaving.length / DRAIN_STEPS);
    while (leaving.length > 0) {
      for (const member of leaving.splice(0, portion)) this.end(member, 'shutdown', callEndOf(new NotServing('shutdown')));
      if (leaving.length > 0) await new Promise((resolve) => setTimeout(resolve, this.config.drainMs / DRAIN_STEPS));
    }
  }

  private remove(member: Member): void {
    if (!this.members.delete(member)) return;
    member.stream.close();
    member.leave();
  }

  private follow(update: FeedUpdate): void {
    switch (update.kind) {
      case 'changed':
      case 'reset':
        return this.publish(update.replica);
      case 'removed':
        return this.sendAway(({ environmentId }) => environmentId === update.environmentId, {
          keyId: '',
          reason: 'environment_deleted',
        });
      case 'keys':
        return; // The key ring reads them, and says which have died.
      default:
        return assertNever(update);
    }
  }

  /** One document for all; none is made where nobody follows. */
  private publish(replica: EnvironmentReplica): void {
    for (const { caller, stream, follows } of this.members) {
      if (follows && caller.environmentId === replica.environment.id) stream.send(this.documents.message(replica));
    }
  }

  private endKey(dead: KeyDeath): void {
    this.sendAway(({ keyId }) => keyId === dead.keyId, dead);
  }

  private sendAway(concerns: (caller: Admitted) => boolean, dead: KeyDeath): void {
    for (const member of [...this.members]) {
      if (concerns(member.caller)) this.end(member, dead.reason, callEndOf(refusalOf(dead)));
    }
  }

  private end({ stream }: Member, reason: GoodbyeReason, end: CallEnd): void {
    this.hub.figures.noteEnd(reason);
    stream.end(end);
  }

  /** Cuts those that take nothing. */
  private look(): void {
    for (const { stream } of [...this.members]) {
      if (!stream.isStuck(this.config.stallMs, END_MS)) continue;
      this.hub.figures.cuts.stalled += 1;
      stream.cut();
    }
  }
}
