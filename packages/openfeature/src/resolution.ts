import { type Details, type EvaluationError } from '@flagwire/client';
import { ErrorCode, type FlagMetadata, type ResolutionDetails } from '@openfeature/server-sdk';

/** Why there is no value: OpenFeature's code, and a sentence about the flag. */
const ERRORS: Readonly<Record<EvaluationError, readonly [code: ErrorCode, sentence: string]>> = {
  EVALUATOR_MISSING: [ErrorCode.GENERAL, 'has targeting, and there is nothing that decides it'],
  FLAG_NOT_FOUND: [ErrorCode.FLAG_NOT_FOUND, 'is not known, or not among the flags that are asked for'],
  GENERAL: [ErrorCode.GENERAL, 'cannot be decided for this context'],
  PARSE_ERROR: [ErrorCode.PARSE_ERROR, 'has targeting that cannot be read, or that decides for a variant that there is not'],
  PROVIDER_NOT_READY: [ErrorCode.PROVIDER_NOT_READY, 'is not known yet: no flags have come'],
  TARGETING_KEY_MISSING: [ErrorCode.TARGETING_KEY_MISSING, 'is split by the targetingKey, which the context lacks'],
  TYPE_MISMATCH: [ErrorCode.TYPE_MISMATCH, 'is of another type'],
};

/**
 * What the client says, in OpenFeature's form.
 * @param cursor where the flags stand; null: no server has said.
 * @param fallback the value wherever there is no variant.
 */
export function resolutionOf<T>(id: string, details: Details<unknown>, cursor: string | null, fallback: T): ResolutionDetails<T> {
  const { value, variant, reason, error_code } = details;
  const resolution = { value: variant === null ? fallback : (value as T), reason, flagMetadata: metadataOf(details, cursor) };
  if (error_code !== undefined) {
    const [errorCode, sentence] = ERRORS[error_code];
    return { ...resolution, errorCode, errorMessage: `the flag ${id} ${sentence}` };
  }
  return variant === null ? resolution : { ...resolution, variant };
}

/** What is not known is left out: metadata has no null. */
function metadataOf({ version, revision, age_ms }: Details<unknown>, cursor: string | null): FlagMetadata {
  const known = Object.entries({ version, revision, cursor, age_ms }).filter(([, value]) => value !== null);
  return Object.fromEntries(known) as FlagMetadata;
}
