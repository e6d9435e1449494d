import { Injectable } from '@nestjs/common';
import { type EvaluationContext } from '@openfeature/core';
import { type Request, type Response } from 'express';
import { type SdkPrincipal } from '../auth/principal.js';
import { parseIfNoneMatch, tagOf } from '../common/entity-tag.js';
import { NotFound } from '../common/errors.js';
import { ChangeFeed } from '../changes/change-feed.js';
import { type EnvironmentReplica } from '../changes/environment-replica.js';
import { mayBeBehind } from '../changes/not-behind.js';
import { bulkTag, cursorsIn } from './bulk-tag.js';
import { contextHash, readContext } from './context.js';
import { EvaluationFigures } from './evaluation-figures.js';
import { EventStreams } from './event-streams.js';
import { Evaluator } from './evaluator.js';
import { NOTHING_SEEN, replicaFor, seenBy } from './seen.js';

/** What a bulk answer is made of. */
interface Asked {
  readonly keyId: string;
  readonly context: EvaluationContext;
  /** Its `If-None-Match`. */
  readonly tags: string | undefined;
  /** See `EventStreams`. */
  readonly day: number;
  readonly eventStreams: object[];
  readonly replica: EnvironmentReplica;
}

/** A bulk answer that has not been written. */
export interface BulkAnswer {
  readonly tag: string;
  /** Null: the client has that already. */
  readonly json: string | null;
}

/** Writes the answers of OFREP. With `end`, not `send`: the framework's own freshness logic has no say here. */
@Injectable()
export class OfrepAnswers {
  constructor(
    private readonly feed: ChangeFeed,
    private readonly evaluator: Evaluator,
    private readonly figures: EvaluationFigures,
    private readonly streams: EventStreams,
  ) {}

  /**
   * One flag: 200, or 400 where it cannot be evaluated for this context.
   * @throws InvalidContext, NotFound; as `replicaFor`
   */
  async single(principal: SdkPrincipal, flagId: string, body: unknown, response: Response): Promise<void> {
    const context = readContext(body);
    const replica = await replicaFor(this.feed, principal.environmentId, NOTHING_SEEN);
    const flag = this.evaluator.flag(replica, flagId);
    if (flag === undefined) throw new NotFound('flag', flagId);
    const { outcome, text } = this.evaluator.evaluate(flag, context);
    this.figures.answers.single += 1;
    response.statusCode = outcome.kind === 'failure' ? 400 : 200;
    response.setHeader('Cache-Control', 'no-store');
    send(response, text);
  }

  /**
   * Every flag; 304 where the client has that already, before any is evaluated.
   * @throws InvalidContext; as `replicaFor`
   */
  async bulk(principal: SdkPrincipal, request: Request, response: Response): Promise<void> {
    const context = readContext(request.body);
    const { day } = this.streams;
    const eventStreams = await this.streams.of(principal, day);
    // From here on in one turn: the replica goes on.
    const replica = await replicaFor(this.feed, principal.environmentId, seenBy(request));
    const tags = request.headers['if-none-match'];
    this.writeBulk(this.answerTo({ keyId: principal.keyId, context, tags, day, eventStreams, replica }), response);
  }

  /**
   * The same answer where nothing has to be waited for; null: something has, or the context is refused, or it cannot be made.
   * @param tags its `If-None-Match`; a notice that it follows is in the query, of which there must be none.
   */
  bulkNow(principal: SdkPrincipal, body: unknown, tags: string | undefined): BulkAnswer | null {
    try {
      const { day } = this.streams;
      const replica = this.feed.replica(principal.environmentId);
      const eventStreams = this.streams.ofNow(principal, day);
      if (replica === undefined || eventStreams === null || mayBeBehind(replica, cursorsIn(tags))) return null;
      return this.answerTo({ keyId: principal.keyId, context: readContext(body), tags, day, eventStreams, replica });
    } catch {
      // Behind the routes it fails as well, and there it is said why.
      return null;
    }
  }

  writeBulk({ tag, json }: BulkAnswer, response: Response): void {
    response.setHeader('ETag', tagOf(tag));
    response.setHeader('Cache-Control', 'private, no-cache');
    response.vary('Authorization, X-API-Key');
    this.figures.answers[json === null ? 'not_modified' : 'bulk'] += 1;
    if (json !== null) return send(response, json);
    response.statusCode = 304;
    response.end();
  }

  private answerTo({ keyId, context, tags, day, eventStreams, replica }: Asked): BulkAnswer {
    const { head } = replica;
    const minute = this.evaluator.readsTime(replica) ? this.streams.minute : null;
    const tag = bulkTag({ head, context: contextHash(keyId, context), day, minute });
    const held = parseIfNoneMatch(tags);
    if (held !== null && (held === '*' || held.includes(tag))) return { tag, json: null };
    const rest = JSON.stringify({ metadata: { revision: head.revision }, eventStreams });
    return { tag, json: `{"flags":[${this.evaluator.all(replica, context)}],${rest.slice(1)}` };
  }
}

function send(response: Response, json: string): void {
  const bytes = Buffer.from(json);
  response.setHeader('Content-Type', 'application/json; charset=utf-8');
  response.setHeader('Content-Length', bytes.length);
  response.end(bytes);
}
