import { type Request } from 'express';
import { askLog } from '../changes/ask-log.js';
import { type ChangeFeed } from '../changes/change-feed.js';
import { type EnvironmentReplica } from '../changes/environment-replica.js';
import { replicaNotBehind } from '../changes/not-behind.js';
import { cursorsIn } from './bulk-tag.js';

/** What a client has seen of its environment, as far as it says so: by its tag, and by what a notice told it. */
export interface Seen {
  /** Texts that may be cursors. */
  readonly cursors: readonly string[];
  /** Unix milliseconds; null: nothing was said, or it cannot be read. */
  readonly lastModified: number | null;
}

export const NOTHING_SEEN: Seen = { cursors: [], lastModified: null };

/** OFREP's `flagConfigEtag` and `flagConfigLastModified`, and the tags of `If-None-Match`. What cannot be read says nothing. */
export function seenBy({ headers, query }: Pick<Request, 'headers' | 'query'>): Seen {
  const { flagConfigEtag: noticed, flagConfigLastModified } = query;
  const tagged = cursorsIn(headers['if-none-match']);
  return {
    cursors: typeof noticed === 'string' ? [...tagged, noticed.replace(/^(?:W\/)?"(.*)"$/, '$1')] : tagged,
    lastModified: timeOf(flagConfigLastModified),
  };
}

/** Seconds, or RFC 3339. */
function timeOf(text: unknown): number | null {
  if (typeof text !== 'string') return null;
  const time = /^\d{1,11}$/.test(text) ? Number(text) * 1000 : /^\d{4}-\d{2}-\d{2}T/.test(text) ? Date.parse(text) : NaN;
  return Number.isNaN(time) ? null : time;
}

/**
 * The replica to evaluate by: never one that is behind what the client has seen.
 * @throws as `replicaNotBehind`
 */
export async function replicaFor(feed: ChangeFeed, environmentId: string, seen: Seen): Promise<EnvironmentReplica> {
  const known = feed.replica(environmentId);
  const isOlder = known !== undefined && seen.lastModified !== null && seen.lastModified > Date.parse(known.httpDate);
  if (isOlder) await askLog(feed.catchUp());
  return replicaNotBehind(feed, environmentId, seen.cursors);
}
