import { Injectable } from '@nestjs/common';
import { type Cursor, sameCursor } from '@flagwire/protocol/sync';
import { type EnvironmentReplica } from '../../changes/environment-replica.js';
import { RevisionBody } from '../../changes/revision-body.js';
import { Clock } from '../../common/clock.js';
import { Gate } from '../../common/gate.js';
import { documentMessage } from './flag-sync.proto.js';
import { flagdDocument } from './flagd-document.js';

/** The document of each environment, made once for each revision that is asked for. */
@Injectable()
export class FlagdDocuments {
  private readonly bodies = new WeakMap<EnvironmentReplica, RevisionBody>();
  private readonly builds = new Gate(1);
  private readonly messages = new WeakMap<EnvironmentReplica, { cursor: Cursor; message: Buffer }>();

  constructor(private readonly clock: Clock) {}

  /** As the body of an answer. */
  body(replica: EnvironmentReplica): RevisionBody {
    const make = (of: EnvironmentReplica) => Buffer.from(flagdDocument(of));
    const body = this.bodies.get(replica) ?? new RevisionBody(replica, make, this.builds, () => this.clock.monotonic());
    this.bodies.set(replica, body);
    return body;
  }

  /** As a message of gRPC: the same bytes for all, until the next revision. */
  message(replica: EnvironmentReplica): Buffer {
    const known = this.messages.get(replica);
    if (known !== undefined && sameCursor(known.cursor, replica.head)) return known.message;
    const message = documentMessage(flagdDocument(replica));
    this.messages.set(replica, { cursor: replica.head, message });
    return message;
  }
}
