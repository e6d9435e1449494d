import { Injectable } from '@nestjs/common';
import { assertNever } from '../common/assert.js';
import { type CompiledFlag, type Outcome } from './compiled-flag.js';

type Failure = Extract<Outcome, { kind: 'failure' }>['errorCode'];

/** For people; nothing in them comes from a rule. */
const DETAILS: Record<Failure, string> = {
  TARGETING_KEY_MISSING: 'This flag is split by the targeting key: send context.targetingKey.',
  PARSE_ERROR: 'The rule of this flag cannot be evaluated.',
  GENERAL: 'The rule of this flag failed for this context.',
};

/**
 * What OFREP says of a flag (`evaluationSuccess` and `evaluationFailure` of its OpenAPI document): the result, and nothing of how it
 * came about. A text is made once for each result of each version of a flag.
 */
@Injectable()
export class OfrepTexts {
  private readonly texts = new WeakMap<CompiledFlag, Map<Outcome, string>>();

  /** JSON. */
  of(flag: CompiledFlag, outcome: Outcome): string {
    return this.texts.get(flag)?.get(outcome) ?? this.make(flag, outcome);
  }

  private make(flag: CompiledFlag, outcome: Outcome): string {
    const known = this.texts.get(flag) ?? new Map<Outcome, string>();
    const text = JSON.stringify(evaluationOf(flag, outcome));
    this.texts.set(flag, known.set(outcome, text));
    return text;
  }
}

function evaluationOf({ definition }: CompiledFlag, outcome: Outcome): object {
  const { id: key, variants, metadata } = definition;
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
