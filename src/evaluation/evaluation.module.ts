import { Module } from '@nestjs/common';
import { AuthModule } from '../auth/auth.module.js';
import { ChangesModule } from '../changes/changes.module.js';
import { EvaluationFigures } from './evaluation-figures.js';
import { Evaluator } from './evaluator.js';
import { OfrepAnswers } from './ofrep-answers.js';
import { OfrepController } from './ofrep.controller.js';
import { OfrepTexts } from './ofrep-texts.js';

/** Values instead of definitions: evaluation, and OFREP in front of it. */
@Module({
  imports: [ChangesModule, AuthModule],
  controllers: [OfrepController],
  providers: [EvaluationFigures, Evaluator, OfrepAnswers, OfrepTexts],
  exports: [EvaluationFigures],
})
export class EvaluationModule {}
