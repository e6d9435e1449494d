import { Injectable } from '@nestjs/common';
import { type Request, type Response } from 'express';
import { SdkKeyVerifier } from '../auth/sdk-key-verifier.js';
import { ChangeFeed } from '../changes/change-feed.js';
import { mayBeBehind } from '../changes/not-behind.js';
import { parseIfNoneMatch } from '../common/entity-tag.js';
import { isNotModified } from '../polling/conditional.js';
import { type PollingRequest } from '../polling/poll.interceptor.js';
import { KnownPolls } from './known-polls.js';
import { questionOf } from './poll-question.js';
import { RepeatedAnswers } from './repeated-answers.js';

/** Answers polls that were answered before: the same question, with a key that is still alive, about a revision of which an answer is known. */
@Injectable()
export class PollsInFront {
  constructor(
    private readonly known: KnownPolls,
    private readonly feed: ChangeFeed,
    private readonly verifier: SdkKeyVerifier,
    private readonly answered: RepeatedAnswers,
  ) {}

  /** Answers a poll; or gives false and has done nothing. */
  takes(request: Request, response: Response): boolean {
    const question = questionOf(request);
    if (question === null) return false;
    try {
      if (this.answer(question, request, response)) return true;
    } catch (error) {
      // The routes fail at the same, and know what to say.
      if (response.headersSent) throw error;
    }
    response.once('close', () => this.learn(question, request, response));
    return false;
  }

  private answer(question: string, request: Request, response: Response): boolean {
    const poll = this.known.poll(question);
    const replica = poll && this.feed.replica(poll.environmentId);
    const answer = replica && this.known.answer(replica);
    if (poll === undefined || replica === undefined || answer === undefined) return false;
    const sent = request.headers['if-none-match'];
    const tags = sent === answer.tag ? answer.tags : parseIfNoneMatch(sent);
    // Who has seen what this node has not is answered when it has read on.
    if (tags === '*' || (tags !== answer.tags && mayBeBehind(replica, tags ?? []))) return false;
    if (!this.verifier.opensStill(poll.keyId)) return false;
    const asked = { ...poll, conditions: { tags, modifiedSince: null } };
    const isHeld = isNotModified(asked.conditions, answer.cursor, replica.httpDate);
    if (isHeld) this.answered.notModified(request, response, asked, answer);
    else this.answered.whole(request, response, asked, answer, replica);
    return true;
  }

  private learn(question: string, request: PollingRequest, response: Response): void {
    const replica = request.poll && this.feed.replica(request.poll.environmentId);
    if (replica !== undefined) this.known.learn(question, request, response, replica);
  }
}
