import {
  assertNever,
  type ClientRequest,
  type FlagFilter,
  InvalidFilter,
  isInside,
  matches,
  parseClientRequest,
  parseFilter,
  type RequestFault,
} from '@flagwire/protocol/sync';
import { TokenBucket } from '../auth/token-bucket.js';
import { subscriptionTo } from '../changes/subscription.js';
import { type Clock } from '../common/clock.js';
import { withoutSecrets } from '../common/redact.js';
import { type Refusals } from '../common/refusals.js';
import { type SyncSession } from './sync-session.js';

const REQUESTS_PER_SECOND = 20;
const FULL_SYNCS_PER_SECOND = 0.1;
const FULL_SYNC_BURST = 3;
const MOST_FAULTS_IN_A_ROW = 3;

/** Why a request was not done: `code` is listed in docs/errors.md. */
export interface RequestError {
  code: 'malformed_request' | 'unknown_request' | 'invalid_input' | 'forbidden' | 'flag_not_found' | 'rate_limited';
  message: string;
}

/** Told once, when the request has its answer; null: it was done. */
export type Acknowledge = (error: RequestError | null) => void;

/**
 * Takes the requests of one socket and has its session answer them, in their order (protocol section 5). Every request is
 * answered, also those that cannot be read; what was not done is an `Error`.
 */
export class RequestDesk {
  private readonly requests: TokenBucket;
  private readonly fullSyncs: TokenBucket;
  private readonly refusals: Refusals;
  private faultsInARow = 0;
  private isClosed = false;

  /** @param allowed what the credential is limited to; null: every flag. */
  constructor(
    private readonly session: SyncSession,
    private readonly allowed: FlagFilter | null,
    { clock, refusals }: { clock: Clock; refusals: Refusals },
  ) {
    this.refusals = refusals;
    this.requests = new TokenBucket(REQUESTS_PER_SECOND, REQUESTS_PER_SECOND, clock);
    this.fullSyncs = new TokenBucket(FULL_SYNCS_PER_SECOND, FULL_SYNC_BURST, clock);
  }

  take(value: unknown, acknowledge: Acknowledge = () => undefined): void {
    if (this.isClosed) return;
    const request = parseClientRequest(value);
    const done = this.doing(request);
    if ('fault' in request) this.countFault();
    else this.faultsInARow = 0;
    if (done === null) return acknowledge(null);
    this.session.ask(() => {
      const error = quotable(done());
      if (error !== null) this.refuse(error, request.request_id);
      acknowledge(error);
    });
    // Behind the last answer, so that the peer learns what was wrong.
    if (this.isClosed) this.session.ask(() => this.session.end('bad_requests'));
  }

  /**
   * What a request asks for; decided now where it costs too much, done when everything before has been sent. Null: it is done, since an
   * acknowledgement is of what was sent already.
   */
  private doing(request: ClientRequest | RequestFault): (() => RequestError | null) | null {
    if (!this.requests.take()) return refused('rate_limited', `At most ${REQUESTS_PER_SECOND} requests a second are answered.`);
    if ('fault' in request) return refused(request.fault, request.message);
    const isFullSync = request.type === 'Subscribe' || request.type === 'GetAllFlags';
    if (isFullSync && !this.fullSyncs.take()) {
      return refused('rate_limited', `At most ${FULL_SYNC_BURST} full syncs at once, and one in ten seconds, are answered.`);
    }
    if (request.type !== 'Ack') return () => this.answer(request);
    this.session.acknowledge(request.id, request.waited_ms);
    return null;
  }

  private answer(request: Exclude<ClientRequest, { type: 'Ack' }>): RequestError | null {
    const { session } = this;
    switch (request.type) {
      case 'Subscribe':
        return this.subscribe(request.flags, request.request_id);
      case 'Unsubscribe':
        session.unsubscribe();
        return null;
      case 'GetFlag':
        return this.tellFlag(request.flag_id, request.request_id);
      case 'GetAllFlags':
        session.syncAnew(request.request_id);
        return null;
      case 'Ping':
        session.say({ type: 'Pong', data: {} }, request.request_id);
        return null;
      default:
        return assertNever(request);
    }
  }

  private subscribe(flags: readonly string[] | null, requestId: string | undefined): RequestError | null {
    let wanted = this.allowed;
    try {
      if (flags !== null) wanted = parseFilter(flags);
    } catch (error) {
      if (error instanceof InvalidFilter) return { code: 'invalid_input', message: error.message };
      throw error;
    }
    if (!isInside(wanted, this.allowed)) return this.outside();
    this.session.subscribe(subscriptionTo(wanted), requestId);
    return null;
  }

  private tellFlag(flagId: string, requestId: string | undefined): RequestError | null {
    if (!matches(this.allowed, flagId)) return this.outside();
    if (this.session.tellFlag(flagId, requestId)) return null;
    return { code: 'flag_not_found', message: `There is no flag ${JSON.stringify(flagId)} in this environment.` };
  }

  private refuse(error: RequestError, requestId = ''): void {
    this.refusals.note(error);
    this.session.say({ type: 'Error', data: error }, withoutSecrets(requestId) || undefined);
  }

  private outside(): RequestError {
    const filter = this.allowed?.canonical ?? '';
    return { code: 'forbidden', message: `The ticket is for the flags ${filter}: ask for these, or for some of them.` };
  }

  private countFault(): void {
    this.faultsInARow += 1;
    this.isClosed = this.faultsInARow >= MOST_FAULTS_IN_A_ROW;
  }
}

/** A refusal quotes what was sent, which may be a key in the wrong place. */
function quotable(error: RequestError | null): RequestError | null {
  return error === null ? null : { code: error.code, message: withoutSecrets(error.message) };
}

function refused(code: RequestError['code'], message: string): () => RequestError {
  return () => ({ code, message });
}
