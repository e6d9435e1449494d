import { type FlagDefinition } from '@flagwire/protocol/sync';
import { assertNever } from '../common/assert.js';
import { type Outcome } from './outcome.js';

type Failure = Extract<Outcome, { kind: 'failure' }>['errorCode'];

/** For people; nothing in them comes from a rule. */
const DETAILS: Record<Failure, string> = {
  TARGETING_KEY_MISSING: 'This flag is split by the targeting key: send context.targetingKey.',
  PARSE_ERROR: 'The rule of this flag cannot be evaluated.',
  GENERAL: 'The rule of this flag failed for this context.',
};

/**
 * What OFREP says of a flag (`evaluationSuccess` and `evaluationFailure` of its OpenAPI document), as JSON: the result, and nothing of how
 * it came about.
 */
export function ofrepText(flag: FlagDefinition, outcome: Outcome): string {
  return JSON.stringify(evaluationOf(flag, outcome));
}

function evaluationOf({ id: key, variants, metadata }: FlagDefinition, outcome: Outcome): object {
  const facts = { metadata: { version: metadata.version } };
  switch (outcome.kind) {
    case 'variant': {
      const { reason, variant } = outcome;
      return { key, value: variants[variant], reason, variant, ...facts };
    }
    case 'code_default':
      return { key, reason: outcome.reason, ...facts };
    case 'failure':
      return { key, errorCode: outcome.errorCode, errorDetails: DETAILS[outcome.errorCode], ...facts };
    default:
      return assertNever(outcome);
  }
}
