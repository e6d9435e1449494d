import { Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { type Subscription } from 'rxjs';
import { assertNever } from '../../common/assert.js';
import { ChangeFeed, type FeedUpdate } from '../../changes/change-feed.js';
import { type EnvironmentReplica } from '../../changes/environment-replica.js';
import { SyncHub } from '../../sync/sync-hub.js';
import { DocumentSession } from './document-session.js';
import { type CallOutlet } from './document-stream.js';
import { FlagdDocuments } from './flagd-documents.js';
import { type Admitted } from './flagd-gate.js';
import { refusedBy } from './not-serving.js';

/** The calls of this node that follow an environment, and the road from the feed to them. They are counted and ended by the hub. */
@Injectable()
export class FlagdStreams implements OnApplicationShutdown {
  private readonly rooms = new Map<string, Set<DocumentSession>>();
  private readonly following: Subscription;

  constructor(
    private readonly hub: SyncHub,
    private readonly documents: FlagdDocuments,
    feed: ChangeFeed,
  ) {
    this.following = feed.updates.subscribe((update) => this.follow(update));
  }

  onApplicationShutdown(): void {
    this.following.unsubscribe();
  }

  /**
   * Takes a call in, and sends it the present document in the same turn: nothing is missed between that and the next revision.
   * @param follows it gets each revision; false: one document, and that is all.
   * @returns what has to be called when the call is over.
   * @throws NotServing, RateLimited, or what refuses its key: it may have died since it was checked.
   */
  join(caller: Admitted, outlet: CallOutlet, replica: EnvironmentReplica, follows: boolean): () => void {
    const refusal = this.hub.refusal(caller);
    if (refusal !== null) throw refusedBy(refusal, caller.keyId);
    const message = this.documents.message(replica);
    const session = new DocumentSession({ holder: caller }, outlet, this.hub.figures);
    this.hub.admit(session);
    session.send(message);
    if (follows) this.enter(session, caller.environmentId);
    else session.finish();
    return () => {
      this.hub.dismiss(session);
      this.leave(session, caller.environmentId);
    };
  }

  private enter(session: DocumentSession, environmentId: string): void {
    const room = this.rooms.get(environmentId) ?? new Set();
    this.rooms.set(environmentId, room.add(session));
  }

  private leave(session: DocumentSession, environmentId: string): void {
    const room = this.rooms.get(environmentId);
    if (room?.delete(session) === true && room.size === 0) this.rooms.delete(environmentId);
  }

  private follow(update: FeedUpdate): void {
    switch (update.kind) {
      case 'changed':
      case 'reset':
        return this.publish(update.replica);
      case 'removed':
      case 'keys':
        return; // The key ring says which keys have died, and the hub ends their calls.
      default:
        return assertNever(update);
    }
  }

  /** One document for all; none is made where nobody follows. */
  private publish(replica: EnvironmentReplica): void {
    const room = this.rooms.get(replica.environment.id);
    if (room === undefined) return;
    const message = this.documents.message(replica);
    for (const session of [...room]) give(session, message);
    this.hub.figures.delivered('grpc', 1, room.size);
  }
}

/** A throw ends the call that it came from, and no other. */
function give(session: DocumentSession, message: Buffer): void {
  try {
    session.send(message);
  } catch {
    session.cut('error');
  }
}
