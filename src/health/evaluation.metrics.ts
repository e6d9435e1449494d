import { Injectable } from '@nestjs/common';
import { EvaluationFigures } from '../evaluation/evaluation-figures.js';
import { Metrics } from './metrics.js';

/** What is evaluated here for those who have no definitions. */
@Injectable()
export class EvaluationMetrics {
  constructor(metrics: Metrics, figures: EvaluationFigures) {
    metrics.counter('flagwire_evaluated_flags_total', 'Flags evaluated for OFREP', () => figures.evaluations);
    metrics.countersBy('flagwire_evaluation_answers_total', 'Answers of OFREP', 'answer', () => Object.entries(figures.answers));
  }
}
