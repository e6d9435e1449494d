import { Module } from '@nestjs/common';
import { AuthModule } from '../auth/auth.module.js';
import { ChangesModule } from '../changes/changes.module.js';
import { EvaluationModule } from '../evaluation/evaluation.module.js';
import { HealthModule } from '../health/health.module.js';
import { PollingModule } from '../polling/polling.module.js';
import { SyncModule } from '../sync/sync.module.js';
import { BulkInFront } from './bulk-in-front.js';
import { Front } from './front.js';
import { KnownCallers } from './known-callers.js';
import { KnownPolls } from './known-polls.js';
import { KnownStreams } from './known-streams.js';
import { PollsInFront } from './polls-in-front.js';
import { Memory } from './remembered.js';
import { RepeatedAnswers } from './repeated-answers.js';
import { StreamsInFront } from './streams-in-front.js';

@Module({
  imports: [ChangesModule, AuthModule, PollingModule, EvaluationModule, SyncModule, HealthModule],
  providers: [Memory, KnownPolls, RepeatedAnswers, PollsInFront, KnownCallers, BulkInFront, KnownStreams, StreamsInFront, Front],
  exports: [Front],
})
export class FrontModule {}
