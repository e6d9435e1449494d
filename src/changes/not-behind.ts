import { parseCursor } from '@flagwire/protocol/sync';
import { NotFound } from '../common/errors.js';
import { askLog } from './ask-log.js';
import { type ChangeFeed } from './change-feed.js';
import { type EnvironmentReplica } from './environment-replica.js';

/**
 * The environment, not behind what a client has seen: a cursor that this node does not know makes it read the log first. Where the
 * database too is behind the cursor, that is what there is.
 * @param seen the texts of cursors; what cannot be read as one is passed over.
 * @throws NotFound where the environment is gone, DatabaseUnavailable where the log cannot be read within two seconds.
 */
export async function replicaNotBehind(
  feed: ChangeFeed,
  environmentId: string,
  seen: readonly string[],
): Promise<EnvironmentReplica> {
  const known = feed.replica(environmentId);
  if (known === undefined || mayBeBehind(known, seen)) await askLog(feed.catchUp());
  const replica = feed.replica(environmentId);
  if (replica === undefined) throw new NotFound('environment', environmentId);
  return replica;
}

/** Whether somebody has seen what this node has not; what cannot be read as a cursor is passed over. */
export function mayBeBehind(replica: EnvironmentReplica, seen: readonly string[]): boolean {
  const cursors = seen.map((text) => parseCursor(text)).filter((cursor) => cursor !== null);
  return cursors.some((cursor) => ['foreign', 'ahead'].includes(replica.standing(cursor).kind));
}
