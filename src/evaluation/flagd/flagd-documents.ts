import { Injectable } from '@nestjs/common';
import { type EnvironmentReplica } from '../../changes/environment-replica.js';
import { RevisionBody } from '../../changes/revision-body.js';
import { Clock } from '../../common/clock.js';
import { Gate } from '../../common/gate.js';
import { flagdDocument } from './flagd-document.js';

/** The document of each environment, made once for each revision that is asked for. */
@Injectable()
export class FlagdDocuments {
  private readonly bodies = new WeakMap<EnvironmentReplica, RevisionBody>();
  private readonly builds = new Gate(1);

  constructor(private readonly clock: Clock) {}

  /** As the body of an answer. */
  body(replica: EnvironmentReplica): RevisionBody {
    const make = (of: EnvironmentReplica) => Buffer.from(flagdDocument(of));
    const body = this.bodies.get(replica) ?? new RevisionBody(replica, make, this.builds, () => this.clock.monotonic());
    this.bodies.set(replica, body);
    return body;
  }
}
