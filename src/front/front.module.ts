import { Module } from '@nestjs/common';
import { AuthModule } from '../auth/auth.module.js';
import { ChangesModule } from '../changes/changes.module.js';
import { HealthModule } from '../health/health.module.js';
import { PollingModule } from '../polling/polling.module.js';
import { Front } from './front.js';
import { KnownPolls } from './known-polls.js';
import { RepeatedAnswers } from './repeated-answers.js';

@Module({
  imports: [ChangesModule, AuthModule, PollingModule, HealthModule],
  providers: [KnownPolls, RepeatedAnswers, Front],
  exports: [Front],
})
export class FrontModule {}
