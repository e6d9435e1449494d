import { findsLent, type FlagDefinition, type OwnPath, pathsToLent } from '@flagwire/protocol/sync';
import { ErrorCode, type EvaluationContext, type Logger } from '@openfeature/core';
import { FlagdCore } from '@openfeature/flagd-core';
import { ofrepText } from './ofrep-text.js';
import { type Answer, type Decided, type Outcome } from './outcome.js';
import { inspectRule, type RuleFacts } from './rule-facts.js';

type CoreFlag = NonNullable<ReturnType<FlagdCore['getFlag']>>;

const DISABLED: Outcome = { kind: 'code_default', reason: 'DISABLED' };
const CODE_DEFAULT: Outcome = { kind: 'code_default', reason: 'DEFAULT' };
const NO_TARGETING_KEY: Outcome = { kind: 'failure', errorCode: 'TARGETING_KEY_MISSING' };
const UNREADABLE: Outcome = { kind: 'failure', errorCode: 'PARSE_ERROR' };
const FAILED: Outcome = { kind: 'failure', errorCode: 'GENERAL' };

/** What it would say of a rule is for whoever writes rules; they are checked when they are written. */
const silent: Logger = { error: () => undefined, warn: () => undefined, info: () => undefined, debug: () => undefined };

/** An answer, and the one that was made before it: a bulk answer reads a thousand of these, and no list around them. */
interface Said extends Answer {
  readonly reason: Decided | null;
  readonly variant: string | null;
  readonly before: Said | null;
}

/**
 * One version of a flag, ready to be evaluated: by flagd's own library, which decides as flagd does in every language. It generates no
 * code. The rule is read at the first evaluation that needs it, and never again.
 */
export class CompiledFlag {
  readonly facts: RuleFacts;
  /** What it says to everybody; null: that is for its rule to say. */
  private readonly fixed: Answer | null;
  private readonly needsTargetingKey: boolean;
  /** Null: none, as almost always. */
  private readonly toLent: readonly OwnPath[] | null;
  private core: CoreFlag | null | undefined;
  /** What was said last; few are before it: a flag has at most 100 variants, and most have two. */
  private said: Said | null = null;

  // Each object on the way to an answer is a miss of the processor's cache: what decides stands here itself.
  constructor(readonly definition: FlagDefinition) {
    this.facts = inspectRule(definition.targeting);
    this.needsTargetingKey = this.facts.needsTargetingKey;
    const paths = pathsToLent(definition.targeting);
    this.toLent = paths.length > 0 ? paths : null;
    this.fixed = this.withoutRule();
  }

  /** Never throws, whatever the context and the rule are. @param context of the bounds of `readContext`. */
  evaluate(context: EvaluationContext): Answer {
    if (this.fixed !== null) return this.fixed;
    if (this.needsTargetingKey && !isText(context.targetingKey)) return this.answer(NO_TARGETING_KEY);
    try {
      return this.decide(context);
    } catch {
      return this.answer(FAILED);
    }
  }

  private withoutRule(): Answer | null {
    const { status, default_variant: preset, targeting } = this.definition;
    if (status === 'disabled') return this.answer(DISABLED);
    if (Object.keys(targeting).length > 0) return null;
    return preset === null ? this.answer(CODE_DEFAULT) : this.variant('STATIC', preset);
  }

  private decide(context: EvaluationContext): Answer {
    if (this.core === undefined) this.core = this.compile();
    if (this.core === null) return this.answer(UNREADABLE);
    if (this.toLent !== null && findsLent(this.toLent, context)) return this.answer(FAILED);
    const { reason, variant, errorCode } = this.core.evaluate(context, silent);
    if (reason === 'ERROR') return this.answer(errorCode === ErrorCode.PARSE_ERROR ? UNREADABLE : FAILED);
    if (variant === undefined) return this.answer(CODE_DEFAULT);
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

  private variant(reason: Decided, variant: string): Answer {
    for (let said = this.said; said !== null; said = said.before) {
      if (said.variant === variant && said.reason === reason) return said;
    }
    // Its own ones only: a result such as "constructor" names none.
    if (!Object.hasOwn(this.definition.variants, variant)) return this.answer(FAILED);
    return this.answer({ kind: 'variant', reason, variant });
  }

  private answer(outcome: Outcome): Answer {
    for (let said = this.said; said !== null; said = said.before) if (said.outcome === outcome) return said;
    const [reason, variant] = outcome.kind === 'variant' ? [outcome.reason, outcome.variant] : [null, null];
    this.said = { outcome, text: ofrepText(this.definition, outcome), reason, variant, before: this.said };
    return this.said;
  }
}

function isText(value: unknown): boolean {
  return typeof value === 'string' && value !== '';
}
