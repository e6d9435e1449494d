import { FlagdCore } from '@openfeature/flagd-core';
import { type EvaluationContext, type Logger } from '@openfeature/server-sdk';
import { type FlagDefinition } from '../../support/wire-types.js';
import { asJson, type Decision } from './door.js';

const silent: Logger = { error: () => undefined, warn: () => undefined, info: () => undefined, debug: () => undefined };

/** flagd's own library with a whole environment, as flagd's own provider has it: what every door is compared with. */
export class BareFlagd {
  readonly #core: FlagdCore;

  /** @param mode `compiled`: as flagd's provider does unless it is told otherwise. */
  constructor(definitions: readonly FlagDefinition[], mode: 'compiled' | 'interpreted') {
    this.#core = new FlagdCore(undefined, silent, { disableDynamicCodeGeneration: mode === 'interpreted' });
    const flags = definitions.map(({ id, status, variants, default_variant, targeting }) => [
      id,
      { state: status === 'disabled' ? 'DISABLED' : 'ENABLED', variants, defaultVariant: default_variant, targeting },
    ]);
    this.#core.setConfigurations(JSON.stringify({ flags: Object.fromEntries(flags) as object }));
  }

  /** @param needsKey of the flag: the library serves a default where it cannot split, and we say that the key is missing. */
  decide({ id, status }: FlagDefinition, context: EvaluationContext, needsKey: boolean): Decision {
    if (status === 'disabled') return { variant: null, reason: 'DISABLED', error: null };
    if (needsKey && !context.targetingKey) return { variant: null, reason: 'ERROR', error: 'TARGETING_KEY_MISSING' };
    const found = this.#core.getFlag(id)?.evaluate(asJson(context), silent);
    if (found === undefined) throw new Error(`flagd does not know ${id}`);
    return { variant: found.variant ?? null, reason: String(found.reason), error: found.errorCode ?? null };
  }
}
