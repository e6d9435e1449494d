import { Injectable } from '@nestjs/common';
import { type Cursor, type DeltaBody, NO_CURSOR } from '@flagwire/protocol/sync';
import { type Request, type Response } from 'express';
import { ChangeFeed } from '../changes/change-feed.js';
import { type EncodedChangeSet } from '../changes/encoded-change-set.js';
import { type EnvironmentReplica } from '../changes/environment-replica.js';
import { RevisionBody } from '../changes/revision-body.js';
import { cursorText, outgoingEvents, type Subscription, subscriptionTo } from '../changes/subscription.js';
import { Clock } from '../common/clock.js';
import { codingFor } from '../common/coding.js';
import { NotFound } from '../common/errors.js';
import { Gate } from '../common/gate.js';
import { tagOf } from '../common/entity-tag.js';
import { pollBody } from './poll-body.js';
import { type PollRequest } from './poll-request.js';

/** Change sets, dense, and the cursor that they lead to: the presented one where there is none. */
export interface Missed {
  sets: readonly EncodedChangeSet[];
  cursor: Cursor;
}

const JSON_TYPE = 'application/json; charset=utf-8';

/**
 * Writes the answers of polls. With `end`, not `send`: the framework's own freshness logic would answer 304 where a date is
 * merely later than the last change.
 */
@Injectable()
export class PollAnswers {
  private readonly bodies = new WeakMap<EnvironmentReplica, RevisionBody>();
  private readonly builds = new Gate(1);

  constructor(
    private readonly feed: ChangeFeed,
    private readonly clock: Clock,
  ) {}

  /** @throws NotFound where the environment is gone. */
  replica(environmentId: string): EnvironmentReplica {
    const replica = this.feed.replica(environmentId);
    if (replica === undefined) throw new NotFound('environment', environmentId);
    return replica;
  }

  notModified(response: Response, replica: EnvironmentReplica, { subscription }: PollRequest): void {
    this.describe(response, replica, subscription);
    response.statusCode = 304;
    response.end();
  }

  /** All flags, in a coding that the client takes if it is ready. */
  whole(request: Request, response: Response, replica: EnvironmentReplica, { subscription }: PollRequest): void {
    this.describe(response, replica, subscription);
    response.setHeader('Content-Type', JSON_TYPE);
    const { bytes, coding } =
      subscription.filter === null
        ? this.cached(replica).body(codingFor(request))
        : { bytes: pollBody(replica, subscription), coding: null };
    if (coding !== null) response.setHeader('Content-Encoding', coding);
    response.setHeader('Content-Length', bytes.length);
    response.end(bytes);
  }

  /** What the client has missed; null: all flags instead. */
  delta(response: Response, replica: EnvironmentReplica, { subscription }: PollRequest, missed: Missed | null): void {
    const events =
      missed === null ? wholeState(replica, subscription) : missed.sets.flatMap((set) => eventTexts(set, subscription));
    const { mode, ...rest }: Omit<DeltaBody, 'events'> = {
      mode: missed === null ? 'full' : 'delta',
      cursor: cursorText(missed?.cursor ?? replica.head, subscription),
    };
    const body = Buffer.from(`{"mode":"${mode}","events":[${events.join(',')}],${JSON.stringify(rest).slice(1)}`);
    this.describeAge(response);
    response.setHeader('Cache-Control', 'no-store');
    response.setHeader('Content-Type', JSON_TYPE);
    response.setHeader('Content-Length', body.length);
    response.end(body);
  }

  /** The headers that 200 and 304 share. */
  private describe(response: Response, replica: EnvironmentReplica, subscription: Subscription): void {
    const date = Date.parse(replica.httpDate);
    response.setHeader('ETag', tagOf(cursorText(replica.head, subscription)));
    // RFC 9110 section 8.8.2.1: a date that lies in the future is not sent.
    if (date <= this.clock.now()) response.setHeader('Last-Modified', new Date(date).toUTCString());
    response.setHeader('Cache-Control', 'private, no-cache');
    response.vary('Accept-Encoding, Authorization, X-API-Key');
    this.describeAge(response);
  }

  private describeAge(response: Response): void {
    response.setHeader('Flagwire-Age-Ms', this.feed.ageMs());
  }

  private cached(replica: EnvironmentReplica): RevisionBody {
    const cached = this.bodies.get(replica) ?? new RevisionBody(replica, wholeBody, this.builds, () => this.clock.monotonic());
    this.bodies.set(replica, cached);
    return cached;
  }
}

function wholeBody(replica: EnvironmentReplica): Buffer {
  return pollBody(replica, subscriptionTo(null));
}

function eventTexts(set: EncodedChangeSet, subscription: Subscription): string[] {
  return outgoingEvents(set, subscription).map(
    ({ openText, id, more }) => `${openText},"id":"${id}"${more ? ',"more":true}' : '}'}`,
  );
}

function wholeState(replica: EnvironmentReplica, { filter }: Subscription): string[] {
  return replica.flags(filter).map(({ json }) => `{"type":"FlagUpdated","data":${json},"id":"${NO_CURSOR}"}`);
}
