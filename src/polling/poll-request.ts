import { type FlagFilter } from '@flagwire/protocol/sync';
import { type Request } from 'express';
import { requestedFilter } from '../auth/requested-filter.js';
import { type SdkPrincipal } from '../auth/principal.js';
import { type Subscription, subscriptionTo } from '../changes/subscription.js';
import { InvalidInput } from '../common/errors.js';
import { clientName, type ClientName } from '../receipts/client-name.js';
import { type Conditions, parseDate } from './conditional.js';
import { parseIfNoneMatch, parseIfNoneMatchParameter } from '../common/entity-tag.js';

const LONGEST_WAIT_S = 55;

/** What a poll asks for. */
export interface PollRequest {
  environmentId: string;
  keyId: string;
  subscription: Subscription;
  conditions: Conditions;
  /** A delta from this cursor; null: the whole state. */
  since: string | null;
  /** Seconds to wait for something new; null: not at all. */
  waitS: number | null;
  /** What tells this client from others that poll with the same key; null: nothing does. */
  instance: string | null;
  client: ClientName | null;
}

function one(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

/** What is no name names nobody. */
function parseInstance(value: unknown): string | null {
  return typeof value === 'string' && /^[\w.:-]{1,64}$/.test(value) ? value : null;
}

function parseWait(value: unknown): number | null {
  if (value === undefined) return null;
  const seconds = typeof value === 'string' && /^[1-9]\d?$/.test(value) ? Number(value) : NaN;
  if (!(seconds <= LONGEST_WAIT_S)) {
    throw new InvalidInput([{ path: 'wait', message: `must be a whole number of seconds from 1 to ${LONGEST_WAIT_S}` }]);
  }
  return seconds;
}

/** @throws InvalidInput, Forbidden: see `requestedFilter`. */
export function readPollRequest({ query, headers }: Request, principal: SdkPrincipal): PollRequest {
  const filter: FlagFilter | null = requestedFilter(query['flags'], principal);
  const tags = parseIfNoneMatch(headers['if-none-match']) ?? parseIfNoneMatchParameter(one(query['if_none_match']));
  const modifiedSince = parseDate(headers['if-modified-since']) ?? parseDate(one(query['if_modified_since']));
  return {
    environmentId: principal.environmentId,
    keyId: principal.keyId,
    subscription: subscriptionTo(filter),
    conditions: { tags, modifiedSince },
    // Two cursors are none that can be read, which is not the same as none at all.
    since: query['since'] === undefined ? null : (one(query['since']) ?? ''),
    waitS: parseWait(query['wait']),
    instance: parseInstance(query['instance']),
    client: clientName(headers['flagwire-client'] ?? query['client']),
  };
}
