import { Injectable } from '@nestjs/common';

/** What metrics show of evaluation, since the start. */
@Injectable()
export class EvaluationFigures {
  /** Flags that were evaluated; a bulk answer evaluates every flag of its environment. */
  evaluations = 0;
  /** Answers by their kind; `not_modified` are the bulk answers for which nothing was evaluated. */
  readonly answers = { single: 0, bulk: 0, not_modified: 0 };
}
