import { type FlagDefinition } from '@flagwire/protocol/sync';
import { ErrorCode, type EvaluationContext as FlagdContext, type Logger } from '@openfeature/core';
import { FlagdCore } from '@openfeature/flagd-core';
import { type Decision, type Evaluator } from './evaluator.js';

type FeatureFlag = NonNullable<ReturnType<FlagdCore['getFlag']>>;

/** What it would say of a rule is for whoever writes rules; the server checks them when they are written. */
const silent: Logger = { error: () => undefined, warn: () => undefined, info: () => undefined, debug: () => undefined };

/**
 * Decides targeting as flagd does, by its own library. It generates no code, so that it runs under a content security policy. A flag
 * is read once for each of its versions, at its first evaluation; what is read of it goes with the definition.
 */
export function flagdEvaluator(): Evaluator {
  const read = new WeakMap<FlagDefinition, FlagdCore>();
  return {
    evaluate: (flag, context) => {
      const core = read.get(flag) ?? readFlag(flag);
      read.set(flag, core);
      const found = core.getFlag(flag.id);
      if (found === undefined) return { variant: null, reason: 'ERROR', error_code: 'PARSE_ERROR' };
      return decisionOf(found.evaluate(context as FlagdContext, silent));
    },
  };
}

/** By renaming, never by interpretation (protocol section 3). */
function readFlag({ id, variants, default_variant, targeting }: FlagDefinition): FlagdCore {
  const core = new FlagdCore(undefined, silent, { disableDynamicCodeGeneration: true });
  const flag = { state: 'ENABLED', variants, defaultVariant: default_variant, targeting };
  core.setConfigurations(JSON.stringify({ flags: { [id]: flag } }));
  return core;
}

function decisionOf(found: ReturnType<FeatureFlag['evaluate']>): Decision {
  if (found.reason === 'ERROR') {
    return { variant: null, reason: 'ERROR', error_code: found.errorCode === ErrorCode.PARSE_ERROR ? 'PARSE_ERROR' : 'GENERAL' };
  }
  return { variant: found.variant ?? null, reason: found.reason === 'DEFAULT' ? 'DEFAULT' : 'TARGETING_MATCH' };
}
