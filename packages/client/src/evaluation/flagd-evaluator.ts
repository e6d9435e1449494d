import { findsLent, type FlagDefinition, pathsToLent } from '@flagwire/protocol/sync';
import { ErrorCode, type EvaluationContext as FlagdContext, type Logger } from '@openfeature/core';
import { FlagdCore } from '@openfeature/flagd-core';
import { type Decision, type EvaluationContext, type EvaluationError, type Evaluator } from './evaluator.js';
import { needsTargetingKey } from './targeting-key.js';

type FeatureFlag = NonNullable<ReturnType<FlagdCore['getFlag']>>;
type Decide = (context: EvaluationContext) => Decision;

/** What it would say of a rule is for whoever writes rules; the server checks them when they are written. */
const silent: Logger = { error: () => undefined, warn: () => undefined, info: () => undefined, debug: () => undefined };

/**
 * Decides targeting as flagd does, by its own library. It generates no code, so that it runs under a content security policy. A flag
 * is read once for each of its versions, at its first evaluation; what is read of it goes with the definition. One that is split by
 * the `targetingKey` has no value for a context without: the library would serve the default variant.
 */
export function flagdEvaluator(): Evaluator {
  const read = new WeakMap<FlagDefinition, Decide>();
  return {
    evaluate: (flag, context) => {
      const decide = read.get(flag) ?? readFlag(flag);
      read.set(flag, decide);
      return decide(context);
    },
  };
}

function readFlag(flag: FlagDefinition): Decide {
  const found = flagdFlag(flag);
  if (found === undefined) return () => errorDecision('PARSE_ERROR');
  const isSplit = needsTargetingKey(flag.targeting);
  const toLent = pathsToLent(flag.targeting);
  return (context) => {
    if (isSplit && !isText(context.targetingKey)) return errorDecision('TARGETING_KEY_MISSING');
    // The library would go on, and find what nobody has sent.
    if (findsLent(toLent, context)) return errorDecision('GENERAL');
    return decisionOf(found.evaluate(context as FlagdContext, silent));
  };
}

/** By renaming, never by interpretation (protocol section 3). */
function flagdFlag({ id, variants, default_variant, targeting }: FlagDefinition): FeatureFlag | undefined {
  const core = new FlagdCore(undefined, silent, { disableDynamicCodeGeneration: true });
  const flag = { state: 'ENABLED', variants, defaultVariant: default_variant, targeting };
  core.setConfigurations(JSON.stringify({ flags: { [id]: flag } }));
  return core.getFlag(id);
}

function decisionOf(found: ReturnType<FeatureFlag['evaluate']>): Decision {
  if (found.reason === 'ERROR') return errorDecision(found.errorCode === ErrorCode.PARSE_ERROR ? 'PARSE_ERROR' : 'GENERAL');
  return { variant: found.variant ?? null, reason: found.reason === 'DEFAULT' ? 'DEFAULT' : 'TARGETING_MATCH' };
}

function errorDecision(error_code: EvaluationError): Decision {
  return { variant: null, reason: 'ERROR', error_code };
}

/** An empty one is none, as the library has it. */
function isText(key: unknown): boolean {
  return typeof key === 'string' && key !== '';
}
