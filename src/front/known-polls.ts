import { Injectable } from '@nestjs/common';
import { type Cursor } from '@flagwire/protocol/sync';
import { type Response } from 'express';
import { KeyRing } from '../auth/key-ring.js';
import { type EnvironmentReplica } from '../changes/environment-replica.js';
import { cursorText } from '../changes/subscription.js';
import { tagOf } from '../common/entity-tag.js';
import { type PollingRequest } from '../polling/poll.interceptor.js';
import { type PollRequest } from '../polling/poll-request.js';
import { hasOnly, headersOf, smallLetters } from './headers.js';
import { asksForAll } from './poll-question.js';
import { Memory } from './remembered.js';

/** What is repeated, as it is spelt. */
const REPEATED = ['ETag', 'Last-Modified', 'Cache-Control', 'Vary', 'X-Content-Type-Options', 'Strict-Transport-Security'];
/** Drawn or read for each answer, or of the body that only some have. An answer with any other header is not repeated. */
const OWN = ['X-Request-Id', 'Flagwire-Age-Ms', 'Content-Type', 'Content-Encoding', 'Content-Length'];
const NAMES = smallLetters([...REPEATED, ...OWN]);

/** What every answer of an environment has at one revision, as the routes wrote it. */
export interface KnownAnswer {
  readonly head: Cursor;
  readonly cursor: string;
  readonly tag: string;
  /** Of a request that sends this tag. */
  readonly tags: readonly string[];
  /** See `headersOf`. */
  readonly headers: readonly string[];
}

/** What the routes have answered and can be answered again. */
@Injectable()
export class KnownPolls {
  private readonly polls;
  /** By environment. */
  private readonly answers;

  constructor(
    private readonly keys: KeyRing,
    memory: Memory,
  ) {
    this.polls = memory.of<PollRequest>();
    this.answers = memory.of<KnownAnswer>();
  }

  poll(question: string): PollRequest | undefined {
    return this.polls.get(question);
  }

  /** Undefined: none of this revision is known. */
  answer({ environment, head }: EnvironmentReplica): KnownAnswer | undefined {
    const answer = this.answers.get(environment.id);
    return answer?.head === head ? answer : undefined;
  }

  /** Takes what the routes answered, where that may be answered again. @param replica as it is now: the answer may be of an older one. */
  learn(question: string, { poll, originalUrl }: PollingRequest, response: Response, replica: EnvironmentReplica): void {
    if (poll === undefined || !this.keys.isLive(poll.keyId) || !asksForAll(originalUrl)) return;
    const cursor = cursorText(replica.head, poll.subscription);
    const tag = tagOf(cursor);
    if (!isWhole(response, tag)) return;
    this.polls.learn(question, poll);
    const headers = headersOf(response, REPEATED);
    this.answers.learn(replica.environment.id, { head: replica.head, cursor, tag, tags: [cursor], headers });
  }
}

/** All that stays as it is until the next revision: the date is left out while it lies in the future, and a node that stops says so. */
function isWhole(response: Response, tag: string): boolean {
  const isAnswer = response.statusCode === 200 || response.statusCode === 304;
  const isDated = response.getHeader('ETag') === tag && response.hasHeader('Last-Modified');
  return isAnswer && isDated && hasOnly(response, NAMES);
}
