import { type EnvironmentReplica } from '../changes/environment-replica.js';
import { cursorText, type Subscription } from '../changes/subscription.js';
import { tagOf } from '../common/entity-tag.js';

/** The body of a poll (protocol section 6), from JSON that was made once for each version of each flag. */
export function pollBody(replica: EnvironmentReplica, subscription: Subscription): Buffer {
  const cursor = cursorText(replica.head, subscription);
  const flags = replica.flags(subscription.filter).map(({ json }) => json);
  const rest = JSON.stringify({ last_modified: replica.httpDate, etag: tagOf(cursor), cursor });
  return Buffer.from(`{"flags":[${flags.join(',')}],${rest.slice(1)}`);
}
