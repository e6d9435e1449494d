import { type Details, type Widened } from '../api/flag-sync-client.js';
import { type EvaluationError, type Reason } from '../evaluation/evaluator.js';
import { isOfWanted, type Session } from './session.js';

/** `STALE`: the value is that of the context before, since that of the present one has not come yet. */
export interface EvaluatedDetails<T> extends Omit<Details<T>, 'reason'> {
  readonly reason: Reason | 'STALE';
}

/** OFREP's, as far as a flag can have them. */
const KNOWN: readonly string[] = ['PARSE_ERROR', 'TARGETING_KEY_MISSING'] satisfies EvaluationError[];

/** What is shown of a flag, or the fallback. Never throws, whatever the fallback is. */
export function detailsOf<T>(session: Session, id: string, fallback: T, age_ms: number | null): EvaluatedDetails<Widened<T>> {
  const { shown } = session;
  const flag = shown?.values.flags.get(id);
  const common = { version: flag?.version ?? null, revision: shown?.values.revision ?? null, age_ms };
  const serve = (reason: Reason, error_code?: EvaluationError): EvaluatedDetails<Widened<T>> => ({
    ...{ value: fallback as Widened<T>, variant: null, reason, ...common },
    ...(error_code === undefined ? {} : { error_code }),
  });
  if (flag === undefined) return serve('ERROR', shown === null ? 'PROVIDER_NOT_READY' : 'FLAG_NOT_FOUND');
  const { value, variant, reason, error_code } = flag;
  if (error_code !== undefined) return serve('ERROR', KNOWN.includes(error_code) ? (error_code as EvaluationError) : 'GENERAL');
  if (value === undefined) return serve(reason);
  if (typeof value !== typeof fallback) return serve('ERROR', 'TYPE_MISMATCH');
  return { value: value as Widened<T>, variant, reason: isOfWanted(session) ? reason : 'STALE', ...common };
}
