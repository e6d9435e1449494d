import { type EncodedChangeSet } from '../changes/encoded-change-set.js';
import { type EnvironmentReplica } from '../changes/environment-replica.js';
import { cursorText, outgoingEvents, type Subscription } from '../changes/subscription.js';
import { NO_CURSOR } from '@flagwire/protocol/sync';
import { controlText, eventText, flagText } from './event-stream.js';
import { type Frame, pack } from './frame.js';

/**
 * Frames of change sets. Those of all flags are made once and live as long as their change set does, for all who resume.
 * Those of a filter are made once for all who are live with it, and not kept: clients choose how many filters there are.
 */
export class SetFrames {
  private readonly kept = new WeakMap<EncodedChangeSet, readonly Frame[]>();

  /** @param onEncoded called for each encoding that had to be made. */
  constructor(private readonly onEncoded: () => void) {}

  /** Empty where no event of the set is for this subscription. */
  of(set: EncodedChangeSet, subscription: Subscription): readonly Frame[] {
    const present = subscription.filter === null ? this.kept.get(set) : undefined;
    if (present !== undefined) return present;
    const frames = pack(outgoingEvents(set, subscription).map(eventText));
    if (frames.length > 0) this.onEncoded();
    if (subscription.filter === null) this.kept.set(set, frames);
    return frames;
  }
}

/** All flags of a replica, and the end of the sync. */
export function snapshotFrames(replica: EnvironmentReplica, subscription: Subscription): Frame[] {
  const flags = replica.flags(subscription.filter);
  const complete = controlText(cursorText(replica.head, subscription), {
    type: 'SyncComplete',
    data: { flag_count: flags.length },
  });
  return pack([...flags.map(({ json }) => flagText(NO_CURSOR, json)), complete]);
}
