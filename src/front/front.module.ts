import { Module } from '@nestjs/common';
import { AuthModule } from '../auth/auth.module.js';
import { ChangesModule } from '../changes/changes.module.js';
import { EvaluationModule } from '../evaluation/evaluation.module.js';
import { HealthModule } from '../health/health.module.js';
import { PollingModule } from '../polling/polling.module.js';
import { BulkInFront } from './bulk-in-front.js';
import { Front } from './front.js';
import { KnownCallers } from './known-callers.js';
import { KnownPolls } from './known-polls.js';
import { RepeatedAnswers } from './repeated-answers.js';

@Module({
  imports: [ChangesModule, AuthModule, PollingModule, EvaluationModule, HealthModule],
  providers: [KnownPolls, RepeatedAnswers, KnownCallers, BulkInFront, Front],
  exports: [Front],
})
export class FrontModule {}
