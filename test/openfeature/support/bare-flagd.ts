import { FlagdCore } from '@openfeature/flagd-core';
import { type EvaluationContext, type Logger } from '@openfeature/server-sdk';
import { type FlagDefinition } from '../../support/wire-types.js';
import { asJson, type Decision } from './door.js';

const silent: Logger = { error: () => undefined, warn: () => undefined, info: () => undefined, debug: () => undefined };

/** An environment in flagd's form, by renaming alone. */
export function flagdDocument(definitions: readonly FlagDefinition[]): string {
  const flags = definitions.map(({ id, status, variants, default_variant, targeting }) => [
    id,
    { state: status === 'disabled' ? 'DISABLED' : 'ENABLED', variants, defaultVariant: default_variant, targeting },
  ]);
  return JSON.stringify({ flags: Object.fromEntries(flags) as object });
}

/** flagd's own library with a whole document, as flagd's own provider has it: what every door is compared with. */
export class BareFlagd {
  readonly #core: FlagdCore;

  /** @param mode `compiled`: as flagd's provider does unless it is told otherwise. */
  constructor(document: string, mode: 'compiled' | 'interpreted') {
    this.#core = new FlagdCore(undefined, silent, { disableDynamicCodeGeneration: mode === 'interpreted' });
    this.#core.setConfigurations(document);
  }

  /** @param needsKey of the flag: the library serves a default where it cannot split, and we say that the key is missing. */
  decide(id: string, context: EvaluationContext, needsKey: boolean): Decision {
    const flag = this.#core.getFlag(id);
    if (flag === undefined) throw new Error(`flagd does not know ${id}`);
    if (flag.state === 'DISABLED') return { variant: null, reason: 'DISABLED', error: null };
    if (needsKey && !context.targetingKey) return { variant: null, reason: 'ERROR', error: 'TARGETING_KEY_MISSING' };
    const found = flag.evaluate(asJson(context), silent);
    return { variant: found.variant ?? null, reason: String(found.reason), error: found.errorCode ?? null };
  }
}
