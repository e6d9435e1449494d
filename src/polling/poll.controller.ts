import { Controller, Get, Req, Res, UseInterceptors } from '@nestjs/common';
import { type Cursor, parseCursor } from '@flagwire/protocol/sync';
import { type Response } from 'express';
import { SdkAccess } from '../auth/access.decorator.js';
import { type EncodedChangeSet } from '../changes/encoded-change-set.js';
import { FILTER_QUERIES, SdkApi, TextQueries } from '../common/sdk-api.decorators.js';
import { Resumption } from '../changes/resumption.js';
import { countEvents } from '../changes/subscription.js';
import { News } from './news.js';
import { askLog } from './ask-log.js';
import { type Missed, PollAnswers } from './poll-answers.js';
import { type PollingRequest, PollInterceptor } from './poll.interceptor.js';
import { type PollRequest } from './poll-request.js';

/** `GET /sdk/poll` (protocol section 6). */
@Controller('sdk')
export class PollController {
  constructor(
    private readonly resumption: Resumption,
    private readonly news: News,
    private readonly answers: PollAnswers,
  ) {}

  @Get('poll')
  @SdkApi({ tickets: false, keyInQuery: true })
  @TextQueries({
    ...FILTER_QUERIES,
    since: 'A cursor: answers with what came after it.',
    wait: 'Seconds, 1 to 55, to wait for something new.',
    if_none_match: 'If-None-Match, where headers cannot be sent.',
    if_modified_since: 'If-Modified-Since, as an HTTP date or RFC 3339.',
  })
  @SdkAccess({ tickets: false })
  @UseInterceptors(PollInterceptor)
  async poll(@Req() request: PollingRequest, @Res() response: Response): Promise<void> {
    const { poll } = request;
    if (poll === undefined) throw new TypeError('A poll that its interceptor has not read');
    if (poll.since === null) return this.answers.whole(request, response, this.answers.replica(poll.environmentId), poll);

    let missed = await this.missed(poll, poll.since);
    if (missed !== null && countEvents(missed.sets, poll.subscription) === 0) {
      await this.news.wait(poll, 'matching', response);
      missed = await this.missed(poll, poll.since);
    }
    if (!response.destroyed) this.answers.delta(response, this.answers.replica(poll.environmentId), poll, missed);
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
