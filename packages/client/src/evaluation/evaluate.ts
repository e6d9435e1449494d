import { type FlagDefinition, type Json } from '@flagwire/protocol/sync';
import { type Decision, type EvaluationContext, type EvaluationError, type Evaluator, type Reason } from './evaluator.js';
import { freeze } from './freeze.js';

export interface Evaluated<T> extends Decision {
  readonly value: T;
  /** Of the flag; null: there is none. */
  readonly version: number | null;
}

/**
 * What a flag says, or the fallback. Never throws, whatever the fallback, the context and the evaluator are. A program may ask at
 * every turn: nothing is made but what is answered.
 * @param flag undefined: it is not known, because of `missing`.
 */
export function evaluate<T>(
  flag: FlagDefinition | undefined,
  missing: EvaluationError,
  fallback: T,
  evaluator: Evaluator | undefined,
  context: EvaluationContext,
): Evaluated<T> {
  if (flag === undefined) return serve(fallback, null, 'ERROR', missing);
  const { version } = flag.metadata;
  if (flag.status === 'disabled') return serve(fallback, version, 'DISABLED');
  if (flag.value_type !== typeof fallback) return serve(fallback, version, 'ERROR', 'TYPE_MISMATCH');
  try {
    // Read inside: a decision may be anything, and so may what its fields do when they are read.
    const { variant, reason, error_code } = decide(flag, evaluator, context);
    if (error_code !== undefined) return serve(fallback, version, 'ERROR', error_code);
    if (variant === null) return serve(fallback, version, reason);
    if (!Object.hasOwn(flag.variants, variant)) return serve(fallback, version, 'ERROR', 'PARSE_ERROR');
    const value = flag.variants[variant] as Json;
    if (typeof value !== flag.value_type) return serve(fallback, version, 'ERROR', 'TYPE_MISMATCH');
    return { value: freeze(value) as T, variant, reason, version };
  } catch {
    return serve(fallback, version, 'ERROR', 'GENERAL');
  }
}

function serve<T>(value: T, version: number | null, reason: Reason, error_code?: EvaluationError): Evaluated<T> {
  if (error_code === undefined) return { value, variant: null, reason, version };
  return { value, variant: null, reason, version, error_code };
}

/** Without targeting it is the default variant; with it, the evaluator's to say. */
function decide(flag: FlagDefinition, evaluator: Evaluator | undefined, context: EvaluationContext): Decision {
  const { default_variant: variant, targeting } = flag;
  if (Object.keys(targeting).length === 0) return { variant, reason: variant === null ? 'DEFAULT' : 'STATIC' };
  return evaluator?.evaluate(freeze(flag), context) ?? { variant: null, reason: 'ERROR', error_code: 'EVALUATOR_MISSING' };
}
