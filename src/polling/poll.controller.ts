import { Controller, Get, Req, Res, UseInterceptors } from '@nestjs/common';
import { type Cursor, parseCursor, sameCursor } from '@flagwire/protocol/sync';
import { type Response } from 'express';
import { SdkAccess } from '../auth/access.decorator.js';
import { type EncodedChangeSet } from '../changes/encoded-change-set.js';
import { CLIENT_QUERY, FILTER_QUERIES, SdkApi, TextQueries } from '../common/sdk-api.decorators.js';
import { Resumption } from '../changes/resumption.js';
import { countEvents } from '../changes/subscription.js';
import { News } from './news.js';
import { askLog } from '../changes/ask-log.js';
import { type Missed, PollAnswers } from './poll-answers.js';
import { type PollingRequest, PollInterceptor } from './poll.interceptor.js';
import { PollReceipts } from './poll-receipts.js';
import { type PollRequest } from './poll-request.js';

/** `GET /sdk/poll` (protocol section 6). */
@Controller('sdk')
export class PollController {
  constructor(
    private readonly resumption: Resumption,
    private readonly waiting: News,
    private readonly answers: PollAnswers,
    private readonly receipts: PollReceipts,
  ) {}

  @Get('poll')
  @SdkApi({ tickets: false, keyInQuery: true })
  @TextQueries({
    ...FILTER_QUERIES,
    since: 'A cursor: answers with what came after it.',
    wait: 'Seconds, 1 to 55, to wait for something new.',
    instance: 'What tells this client from others with the same key: it is then counted among those that have a change, or not.',
    ...CLIENT_QUERY,
    if_none_match: 'If-None-Match, where headers cannot be sent.',
    if_modified_since: 'If-Modified-Since, as an HTTP date or RFC 3339.',
  })
  @SdkAccess({ tickets: false })
  @UseInterceptors(PollInterceptor)
  async poll(@Req() request: PollingRequest, @Res() response: Response): Promise<void> {
    const { poll } = request;
    if (poll === undefined) throw new TypeError('A poll that its interceptor has not read');
    if (poll.since === null) {
      const replica = this.answers.replica(poll.environmentId);
      this.answers.whole(request, response, replica, poll);
      return this.receipts.answered(poll, replica.head);
    }

    const missed = await this.news(poll, poll.since, response);
    if (response.destroyed) return;
    const replica = this.answers.replica(poll.environmentId);
    this.answers.delta(response, replica, poll, missed);
    this.receipts.answered(poll, missed?.cursor ?? replica.head);
  }

  /** What was missed; a long poll waits until there is something for it, or its time is over. */
  private async news(poll: PollRequest, since: string, response: Response): Promise<Missed | null> {
    for (let waited = poll.waitS === null; ;) {
      const missed = await this.missed(poll, since);
      if (missed === null || waited || countEvents(missed.sets, poll.subscription) > 0) return missed;
      // Only in the turn in which nothing is missing: what came while the log was read would not be waited for.
      if (!sameCursor(missed.cursor, this.answers.replica(poll.environmentId).head)) continue;
      await this.waiting.wait(poll, 'matching', response);
      waited = true;
    }
  }

  /** Every change set after the cursor, page by page; null where all flags have to be sent. */
  private async missed({ environmentId, subscription }: PollRequest, since: string): Promise<Missed | null> {
    const presented = parseCursor(since);
    let plan = await askLog(this.resumption.plan(environmentId, presented, subscription));
    const sets: EncodedChangeSet[] = [];
    while (plan.kind === 'delta' && presented !== null) {
      sets.push(...plan.sets);
      const cursor: Cursor = sets.at(-1)?.after ?? presented;
      if (plan.sets.length === 0) return { sets, cursor };
      plan = await askLog(this.resumption.next(environmentId, cursor, subscription));
    }
    return null;
  }
}
