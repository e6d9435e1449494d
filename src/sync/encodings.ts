import { NO_CURSOR } from '@flagwire/protocol/sync';
import { type EncodedChangeSet } from '../changes/encoded-change-set.js';
import { type EnvironmentReplica } from '../changes/environment-replica.js';
import { outgoingEvents, type Subscription } from '../changes/subscription.js';
import { type Form, openText, TRANSPORTS } from './form.js';
import { type Frame } from './frame.js';

/**
 * Frames of change sets. Those of all flags are made once for each form and live as long as their change set does, for all who
 * resume. Those of a filter are made once for all who are live with it, and not kept: clients choose how many filters there are.
 */
export class SetFrames {
  private readonly kept = Object.fromEntries(
    TRANSPORTS.map((transport) => [transport, new WeakMap<EncodedChangeSet, readonly Frame[]>()]),
  );

  /** @param onEncoded called for each encoding that had to be made. */
  constructor(private readonly onEncoded: () => void) {}

  /** Empty where no event of the set is for this subscription. */
  of(set: EncodedChangeSet, subscription: Subscription, form: Form): readonly Frame[] {
    const kept = subscription.filter === null ? this.kept[form.transport] : undefined;
    const present = kept?.get(set);
    if (present !== undefined) return present;
    const frames = [...form.pack(outgoingEvents(set, subscription).map((event) => form.text(event)))];
    if (frames.length > 0) this.onEncoded();
    kept?.set(set, frames);
    return frames;
  }
}

/** How a full sync is labelled. */
export interface SyncLabels {
  /** Where the client stands after it. */
  readonly id: string;
  /** Of the request that it answers. */
  readonly requestId?: string | undefined;
}

/** All flags that a subscription gets of a replica, and the end of the sync; frame by frame, as they are asked for. */
export function snapshotFrames(
  replica: EnvironmentReplica,
  { filter }: Subscription,
  form: Form,
  { id, requestId }: SyncLabels,
): Iterable<Frame> {
  // Taken now: the replica may be further when the last frame is asked for.
  const flags = replica.flags(filter);
  const complete = { type: 'SyncComplete', data: { flag_count: flags.length } };
  function* texts(): Generator<string> {
    for (const { json } of flags) yield form.text({ openText: `{"type":"FlagUpdated","data":${json}`, id: NO_CURSOR, requestId });
    yield form.text({ openText: openText(complete), id, requestId });
  }
  return form.pack(texts());
}
