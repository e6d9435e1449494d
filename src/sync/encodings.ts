import { type EncodedChangeSet } from '../changes/encoded-change-set.js';
import { type EnvironmentReplica } from '../changes/environment-replica.js';
import { cursorText, outgoingEvents, type Subscription, subscriptionKey } from '../changes/subscription.js';
import { NO_CURSOR } from '@flagwire/protocol/sync';
import { controlText, eventText, flagText } from './event-stream.js';
import { type Frame, pack } from './frame.js';

/** Frames of change sets, made once for each distinct subscription; they live as long as their change set does. */
export class SetFrames {
  private readonly made = new WeakMap<EncodedChangeSet, Map<string, readonly Frame[]>>();

  /** @param onEncoded called for each encoding that had to be made. */
  constructor(private readonly onEncoded: () => void) {}

  /** Empty where no event of the set is for this subscription. */
  of(set: EncodedChangeSet, subscription: Subscription): readonly Frame[] {
    const forms = this.made.get(set) ?? new Map<string, readonly Frame[]>();
    this.made.set(set, forms);
    const key = subscriptionKey(subscription);
    const present = forms.get(key);
    if (present !== undefined) return present;
    const frames = pack(outgoingEvents(set, subscription).map(eventText));
    if (frames.length > 0) this.onEncoded();
    forms.set(key, frames);
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
