import { type FlagDefinition } from '@flagwire/protocol/sync';

/** Whom a flag is evaluated for. `targetingKey` is what fractions are split by. */
export interface EvaluationContext {
  readonly targetingKey?: string;
  readonly [name: string]: unknown;
}

/** OpenFeature's names. */
export type Reason = 'STATIC' | 'TARGETING_MATCH' | 'DEFAULT' | 'DISABLED' | 'ERROR';

/** OpenFeature's, and `EVALUATOR_MISSING`. Each is explained in docs/errors.md. */
export const EVALUATION_ERRORS = [
  'EVALUATOR_MISSING',
  'FLAG_NOT_FOUND',
  'GENERAL',
  'PARSE_ERROR',
  'PROVIDER_NOT_READY',
  'TARGETING_KEY_MISSING',
  'TYPE_MISMATCH',
] as const;
export type EvaluationError = (typeof EVALUATION_ERRORS)[number];

/** What a flag's targeting decides: one of its variants, or null for the fallback. */
export interface Decision {
  readonly variant: string | null;
  readonly reason: Reason;
  readonly error_code?: EvaluationError;
}

/** Decides flags that have targeting. It may throw: then the fallback is served. */
export interface Evaluator {
  evaluate(flag: FlagDefinition, context: EvaluationContext): Decision;
}
