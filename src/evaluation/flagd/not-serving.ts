import { refusalOf } from '../../auth/key-ring.js';
import { assertNever } from '../../common/assert.js';
import { DomainError, RateLimited } from '../../common/errors.js';
import { type Refusal } from '../../sync/sync-hub.js';

const SENTENCES = {
  shutdown: 'This node stops. Connect again: another one serves.',
  overload: 'This node does not serve yet. Connect again in a moment.',
  max_age: 'This stream is as old as one may be (FLAGWIRE_STREAM_MAX_AGE_S). Connect again.',
};

const BOUNDS = {
  node: 'This node has as many connections as it takes (FLAGWIRE_MAX_CONNECTIONS).',
  key: 'This key has as many connections to this node as one key may have (FLAGWIRE_MAX_PER_SERVER_KEY).',
  address: 'This key has as many connections from this address as one address may have (FLAGWIRE_MAX_PER_ADDRESS).',
};

/** Of a place that somebody may leave. */
const RETRY_MS = 1000;

/** For now; another node, or this one later, serves the call. */
export class NotServing extends DomainError {
  override readonly name = 'NotServing';
  readonly code = 'not_serving';
  readonly kind = 'unavailable';
  constructor(reason: keyof typeof SENTENCES) {
    super(SENTENCES[reason]);
  }
}

/** Why the hub does not take a connection of this key, as an error. */
export function refusedBy({ reason, limit }: Refusal, keyId: string): DomainError {
  if (limit !== null) return new RateLimited(BOUNDS[limit], RETRY_MS);
  switch (reason) {
    case 'shutdown':
    case 'overload':
    case 'max_age':
      return new NotServing(reason);
    case 'key_revoked':
    case 'key_expired':
    case 'environment_deleted':
    case 'stale':
      return refusalOf({ keyId, reason });
    default:
      return assertNever(reason);
  }
}
