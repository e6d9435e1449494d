import { type EvaluationContext } from '@openfeature/server-sdk';
import { type FlagDefinition } from '../../support/wire-types.js';

/** What is said of a flag for a context, by OpenFeature's names. */
export interface Decision {
  /** Null: the default of the code. */
  readonly variant: string | null;
  readonly reason: string;
  readonly error: string | null;
}

/** An environment of a running server, and who may ask there. */
export interface Site {
  readonly url: string;
  readonly grpcPort: number;
  readonly serverKey: string;
  readonly clientKey: string;
}

/** A way to ask for decisions; opened once the flags are there. */
export interface OpenDoor {
  /** @throws Error where it has a variant with another value than the flag's. */
  decide(flag: FlagDefinition, context: EvaluationContext): Decision | Promise<Decision>;
  /**
   * What it says in place of a decision, where it cannot say that; each with its reason beside it.
   * @param bare what flagd's library decides with nothing added, by the document that the server gives flagd.
   */
  inItsWords?(due: Decision, bare: Decision): Decision;
  close(): Promise<unknown>;
}

export type Door = (site: Site) => Promise<OpenDoor>;

/** As whatever sends a context sends it. */
export const asJson = (context: EvaluationContext): EvaluationContext => JSON.parse(JSON.stringify(context)) as EvaluationContext;

/** The variant, which has to be there with its own value. */
export function variantOf({ id, variants }: FlagDefinition, variant: string | undefined, value: unknown): string | null {
  if (variant !== undefined && JSON.stringify(value) !== JSON.stringify(variants[variant])) {
    throw new Error(`${id} has the variant ${variant} with another value: ${JSON.stringify(value)}`);
  }
  return variant ?? null;
}
