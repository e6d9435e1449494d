import { Module } from '@nestjs/common';
import { AuthModule } from '../auth/auth.module.js';
import { ChangesModule } from '../changes/changes.module.js';
import { LedgerModule } from '../receipts/ledger.module.js';
import { News } from './news.js';
import { PollAnswers } from './poll-answers.js';
import { PollController } from './poll.controller.js';
import { PollInterceptor } from './poll.interceptor.js';
import { PollReceipts } from './poll-receipts.js';

@Module({
  imports: [ChangesModule, AuthModule, LedgerModule],
  controllers: [PollController],
  providers: [News, PollAnswers, PollInterceptor, PollReceipts],
  exports: [PollAnswers, PollReceipts],
})
export class PollingModule {}
