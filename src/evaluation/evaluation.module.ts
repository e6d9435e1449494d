import { Module } from '@nestjs/common';
import { AuthModule } from '../auth/auth.module.js';
import { ChangesModule } from '../changes/changes.module.js';
import { SyncModule } from '../sync/sync.module.js';
import { EvaluationFigures } from './evaluation-figures.js';
import { EventStreams } from './event-streams.js';
import { Evaluator } from './evaluator.js';
import { NoticeStreamController } from './notices/notice-stream.controller.js';
import { NoticeStreams } from './notices/notice-streams.js';
import { OfrepAnswers } from './ofrep-answers.js';
import { OfrepController } from './ofrep.controller.js';

/** Values instead of definitions: evaluation, and OFREP in front of it. */
@Module({
  imports: [ChangesModule, AuthModule, SyncModule],
  controllers: [OfrepController, NoticeStreamController],
  providers: [EvaluationFigures, EventStreams, Evaluator, NoticeStreams, OfrepAnswers],
  exports: [EvaluationFigures, OfrepAnswers],
})
export class EvaluationModule {}
