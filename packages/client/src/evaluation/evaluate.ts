import { type FlagDefinition, type Json } from '@flagwire/protocol/sync';
import { type Decision, type EvaluationContext, type EvaluationError, type Evaluator, type Reason } from './evaluator.js';
import { freeze } from './freeze.js';

export interface Evaluated<T> extends Decision {
  readonly value: T;
  /** Of the flag; null: there is none. */
  readonly version: number | null;
}

/**
 * What a flag says, or the fallback. Never throws, whatever the fallback, the context and the evaluator are.
 * @param flag undefined: it is not known, because of `missing`.
 */
export function evaluate<T>(
  flag: FlagDefinition | undefined,
  missing: EvaluationError,
  fallback: T,
  decide: (flag: FlagDefinition) => Decision,
): Evaluated<T> {
  const version = flag?.metadata.version ?? null;
  const serve = (reason: Reason, error_code?: EvaluationError): Evaluated<T> => ({
    ...{ value: fallback, variant: null, reason, version },
    ...(error_code && { error_code }),
  });
  if (flag === undefined) return serve('ERROR', missing);
  if (flag.status === 'disabled') return serve('DISABLED');
  if (flag.value_type !== typeof fallback) return serve('ERROR', 'TYPE_MISMATCH');
  try {
    // Read inside: a decision may be anything, and so may what its fields do when they are read.
    const { variant, reason, error_code } = decide(flag);
    if (error_code !== undefined) return serve('ERROR', error_code);
    if (variant === null) return serve(reason);
    if (!Object.hasOwn(flag.variants, variant)) return serve('ERROR', 'PARSE_ERROR');
    const value = flag.variants[variant] as Json;
    if (typeof value !== flag.value_type) return serve('ERROR', 'TYPE_MISMATCH');
    return { value: freeze(value) as T, variant, reason, version };
  } catch {
    return serve('ERROR', 'GENERAL');
  }
}

/** Without targeting it is the default variant; with it, the evaluator's to say. */
export function decider(evaluator: Evaluator | undefined, context: EvaluationContext): (flag: FlagDefinition) => Decision {
  return (flag) => {
    const { default_variant: variant, targeting } = flag;
    if (Object.keys(targeting).length === 0) return { variant, reason: variant === null ? 'DEFAULT' : 'STATIC' };
    return evaluator?.evaluate(freeze(flag), context) ?? { variant: null, reason: 'ERROR', error_code: 'EVALUATOR_MISSING' };
  };
}
