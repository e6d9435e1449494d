import { FlagSyncClient } from '@flagwire/client';
import { flagdEvaluator } from '@flagwire/client/evaluate';
import { FlagwireProvider } from '@flagwire/openfeature';
import { type EvaluationContext, OpenFeature } from '@openfeature/server-sdk';
import { detailsOf } from '../../../packages/openfeature/src/provider-lab.fake.js';
import { type FlagDefinition } from '../../support/wire-types.js';

/** What is said of a flag for a context, by OpenFeature's names. */
export interface Decision {
  /** Null: the default of the code. */
  readonly variant: string | null;
  readonly reason: string;
  readonly error: string | null;
}

/** A way to ask for decisions; opened once the flags are there. */
export interface OpenDoor {
  decide(flag: FlagDefinition, context: EvaluationContext): Decision | Promise<Decision>;
  close(): Promise<unknown>;
}

/** Opens it at a server, with a server key of the environment. */
export type Door = (url: string, key: string) => Promise<OpenDoor>;

/** As whatever sends a context sends it. */
export const asJson = (context: EvaluationContext): EvaluationContext => JSON.parse(JSON.stringify(context)) as EvaluationContext;

const FALLBACKS = { boolean: false, string: '', number: 0, object: {} } as const;

/** Through the OpenFeature server SDK. */
const provider: Door = async (url, sdkKey) => {
  await OpenFeature.setProviderAndWait('agreement', new FlagwireProvider({ url, sdkKey }));
  const client = OpenFeature.getClient('agreement');
  return {
    decide: async ({ id, value_type, variants }, context) => {
      const { value, variant, reason, errorCode } = await detailsOf(client, value_type, id, FALLBACKS[value_type], context);
      if (variant !== undefined && JSON.stringify(value) !== JSON.stringify(variants[variant])) {
        throw new Error(`${id} has the variant ${variant} with another value: ${JSON.stringify(value)}`);
      }
      return { variant: variant ?? null, reason: String(reason), error: errorCode ?? null };
    },
    close: () => OpenFeature.clearProviders(),
  };
};

/** Through the SDK itself. */
const client: Door = async (url, sdkKey) => {
  const flags = new FlagSyncClient({ url, sdkKey, evaluator: flagdEvaluator() });
  await flags.ready();
  return {
    decide: ({ id, value_type }, context) => {
      const { variant, reason, error_code } = flags.details<unknown>(id, FALLBACKS[value_type], asJson(context));
      return { variant, reason, error: error_code ?? null };
    },
    close: () => flags.close(),
  };
};

/** Every door that has to decide alike. */
export const doors: ReadonlyMap<string, Door> = new Map([
  ['@flagwire/openfeature', provider],
  ['@flagwire/client', client],
]);
