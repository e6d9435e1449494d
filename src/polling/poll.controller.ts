import { Controller, Get, Req, Res, UseInterceptors } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { type Cursor, parseCursor } from '@flagwire/protocol/sync';
import { type Response } from 'express';
import { SdkAccess } from '../auth/access.decorator.js';
import { type EncodedChangeSet } from '../changes/encoded-change-set.js';
import { Resumption } from '../changes/resumption.js';
import { countEvents } from '../changes/subscription.js';
import { News } from './news.js';
import { askLog } from './ask-log.js';
import { type Missed, PollAnswers } from './poll-answers.js';
import { type PollingRequest, PollInterceptor } from './poll.interceptor.js';
import { type PollRequest } from './poll-request.js';

/** `GET /sdk/poll` (protocol section 6). */
@ApiTags('sync')
@Controller('sdk')
export class PollController {
  constructor(
    private readonly resumption: Resumption,
    private readonly news: News,
    private readonly answers: PollAnswers,
  ) {}

  @Get('poll')
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
