import { Injectable } from '@nestjs/common';
import { type Cursor } from '@flagwire/protocol/sync';
import { type Request, type Response } from 'express';
import { ChangeFeed } from '../changes/change-feed.js';
import { type EnvironmentReplica } from '../changes/environment-replica.js';
import { HttpMetrics, type Noted } from '../health/http.metrics.js';
import { PollAnswers } from '../polling/poll-answers.js';
import { PollReceipts } from '../polling/poll-receipts.js';
import { type PollRequest } from '../polling/poll-request.js';
import { setHeaders } from './headers.js';
import { type KnownAnswer } from './known-polls.js';

/** As the figures have it. */
const ROUTE = '/sdk/poll';

/** Gives answers again, with everything that goes with them: figures, the log line, and the receipt. */
@Injectable()
export class RepeatedAnswers {
  constructor(
    private readonly feed: ChangeFeed,
    private readonly answers: PollAnswers,
    private readonly receipts: PollReceipts,
    private readonly metrics: HttpMetrics,
  ) {}

  notModified(request: Request, response: Response, poll: PollRequest, { headers, head }: KnownAnswer): void {
    const facts = this.metrics.begin(request, ROUTE);
    // All at once: name by name costs twice as much.
    response.writeHead(304, ['X-Request-Id', facts.requestId, ...headers, 'Flagwire-Age-Ms', String(this.feed.ageMs())]);
    response.end();
    this.note(request, response, facts, poll, head);
  }

  whole(
    request: Request,
    response: Response,
    poll: PollRequest,
    { headers, head }: KnownAnswer,
    replica: EnvironmentReplica,
  ): void {
    const facts = this.metrics.begin(request, ROUTE);
    response.setHeader('X-Request-Id', facts.requestId);
    setHeaders(response, headers);
    this.answers.whole(request, response, replica, poll);
    this.note(request, response, facts, poll, head);
  }

  private note(request: Request, response: Response, facts: Noted, poll: PollRequest, head: Cursor): void {
    this.metrics.noteInFront(request, response, facts);
    this.receipts.asked(poll);
    this.receipts.answered(poll, head);
  }
}
