import { Module } from '@nestjs/common';
import { AuthModule } from '../auth/auth.module.js';
import { ChangesModule } from '../changes/changes.module.js';
import { News } from './news.js';
import { PollAnswers } from './poll-answers.js';
import { PollController } from './poll.controller.js';
import { PollInterceptor } from './poll.interceptor.js';

@Module({
  imports: [ChangesModule, AuthModule],
  controllers: [PollController],
  providers: [News, PollAnswers, PollInterceptor],
})
export class PollingModule {}
