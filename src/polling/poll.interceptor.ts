import { type CallHandler, type ExecutionContext, Injectable, type NestInterceptor } from '@nestjs/common';
import { type Request, type Response } from 'express';
import { type Observable, of } from 'rxjs';
import { type PrincipalHolder } from '../auth/principal.js';
import { ChangeFeed } from '../changes/change-feed.js';
import { type EnvironmentReplica } from '../changes/environment-replica.js';
import { cursorText } from '../changes/subscription.js';
import { isNotModified } from './conditional.js';
import { replicaNotBehind } from '../changes/not-behind.js';
import { News } from './news.js';
import { PollAnswers } from './poll-answers.js';
import { PollReceipts } from './poll-receipts.js';
import { type PollRequest, readPollRequest } from './poll-request.js';

/** What the interceptor read of the request, for the handler. */
export interface PollingRequest extends Request, PrincipalHolder {
  poll?: PollRequest;
}

/**
 * Answers 304 before any work: the tag is the replica's cursor, so nothing is queried or serialised. Waits, for a long poll,
 * until that is no longer the answer.
 */
@Injectable()
export class PollInterceptor implements NestInterceptor {
  constructor(
    private readonly feed: ChangeFeed,
    private readonly news: News,
    private readonly answers: PollAnswers,
    private readonly receipts: PollReceipts,
  ) {}

  async intercept(context: ExecutionContext, next: CallHandler): Promise<Observable<unknown>> {
    const request = context.switchToHttp().getRequest<PollingRequest>();
    const response = context.switchToHttp().getResponse<Response>();
    if (request.sdk === undefined || 'unchecked' in request.sdk) throw new TypeError('A poll that the guard has not checked');
    const poll = readPollRequest(request, request.sdk);
    request.poll = poll;
    this.receipts.asked(poll);
    // A delta is no representation that a tag or a date could stand for.
    if (poll.since !== null) return next.handle();
    const replica = await this.upToDate(poll);
    if (this.holds(poll, replica) && Array.isArray(poll.conditions.tags)) await this.news.wait(poll, 'any', response);
    if (response.destroyed) return of(undefined);
    if (!this.holds(poll, replica)) return next.handle();
    this.answers.notModified(response, replica, poll);
    this.receipts.answered(poll, replica.head);
    return of(undefined);
  }

  /** Not behind what the client has seen. */
  private upToDate({ environmentId, conditions }: PollRequest): Promise<EnvironmentReplica> {
    const tags = Array.isArray(conditions.tags) ? (conditions.tags as string[]) : [];
    return replicaNotBehind(this.feed, environmentId, tags);
  }

  private holds({ conditions, subscription }: PollRequest, replica: EnvironmentReplica): boolean {
    return isNotModified(conditions, cursorText(replica.head, subscription), replica.httpDate);
  }
}
