import { findsLent, type FlagDefinition, type OwnPath, pathsToLent } from '@flagwire/protocol/sync';
import { ErrorCode, type EvaluationContext, type Logger } from '@openfeature/core';
import { FlagdCore } from '@openfeature/flagd-core';
import { inspectRule, type RuleFacts } from './rule-facts.js';

type Decided = 'STATIC' | 'DEFAULT' | 'TARGETING_MATCH';

/** What a flag says to one context. The same object for every context to which it says the same. */
export type Outcome =
  | { readonly kind: 'variant'; readonly reason: Decided; readonly variant: string }
  /** No value: the default in the code is to be used. */
  | { readonly kind: 'code_default'; readonly reason: 'DISABLED' | 'DEFAULT' }
  | { readonly kind: 'failure'; readonly errorCode: 'TARGETING_KEY_MISSING' | 'PARSE_ERROR' | 'GENERAL' };

type CoreFlag = NonNullable<ReturnType<FlagdCore['getFlag']>>;

const DISABLED: Outcome = { kind: 'code_default', reason: 'DISABLED' };
const CODE_DEFAULT: Outcome = { kind: 'code_default', reason: 'DEFAULT' };
const NO_TARGETING_KEY: Outcome = { kind: 'failure', errorCode: 'TARGETING_KEY_MISSING' };
const UNREADABLE: Outcome = { kind: 'failure', errorCode: 'PARSE_ERROR' };
const FAILED: Outcome = { kind: 'failure', errorCode: 'GENERAL' };

/** What it would say of a rule is for whoever writes rules; they are checked when they are written. */
const silent: Logger = { error: () => undefined, warn: () => undefined, info: () => undefined, debug: () => undefined };

/**
 * One version of a flag, ready to be evaluated: by flagd's own library, which decides as flagd does in every language. It generates no
 * code. The rule is read at the first evaluation that needs it, and never again.
 */
export class CompiledFlag {
  readonly facts: RuleFacts;
  private readonly hasRule: boolean;
  private readonly toLent: readonly OwnPath[];
  private core: CoreFlag | null | undefined;
  /** By variant, and by reason: a key made of both would have to be made, and hashed, at each evaluation. */
  private readonly outcomes = new Map<string, Partial<Record<Decided, Outcome>>>();

  constructor(readonly definition: FlagDefinition) {
    this.facts = inspectRule(definition.targeting);
    this.toLent = pathsToLent(definition.targeting);
    this.hasRule = Object.keys(definition.targeting).length > 0;
  }

  /** Never throws, whatever the context and the rule are. @param context of the bounds of `readContext`. */
  evaluate(context: EvaluationContext): Outcome {
    const { status, default_variant: preset } = this.definition;
    if (status === 'disabled') return DISABLED;
    if (!this.hasRule) return preset === null ? CODE_DEFAULT : this.variant('STATIC', preset);
    if (this.facts.needsTargetingKey && !isText(context.targetingKey)) return NO_TARGETING_KEY;
    try {
      return this.decide(context);
    } catch {
      return FAILED;
    }
  }

  private decide(context: EvaluationContext): Outcome {
    if (this.core === undefined) this.core = this.compile();
    if (this.core === null) return UNREADABLE;
    if (findsLent(this.toLent, context)) return FAILED;
    const { reason, variant, errorCode } = this.core.evaluate(context, silent);
    if (reason === 'ERROR') return errorCode === ErrorCode.PARSE_ERROR ? UNREADABLE : FAILED;
    if (variant === undefined) return CODE_DEFAULT;
    return this.variant(reason === 'DEFAULT' ? 'DEFAULT' : 'TARGETING_MATCH', variant);
  }

  /** By renaming, never by interpretation; null: the rule cannot be evaluated. */
  private compile(): CoreFlag | null {
    if (this.facts.readsPrototypes) return null;
    const { id, variants, default_variant, targeting } = this.definition;
    const core = new FlagdCore(undefined, silent, { disableDynamicCodeGeneration: true });
    const flag = { state: 'ENABLED', variants, defaultVariant: default_variant, targeting };
    core.setConfigurations(JSON.stringify({ flags: { [id]: flag } }));
    return core.getFlag(id) ?? null;
  }

  private variant(reason: Decided, variant: string): Outcome {
    const known = this.outcomes.get(variant);
    const outcome = known?.[reason];
    if (outcome !== undefined) return outcome;
    // Its own ones only: a result such as "constructor" names none.
    if (!Object.hasOwn(this.definition.variants, variant)) return FAILED;
    const made: Outcome = { kind: 'variant', reason, variant };
    this.outcomes.set(variant, { ...known, [reason]: made });
    return made;
  }
}

function isText(value: unknown): boolean {
  return typeof value === 'string' && value !== '';
}
