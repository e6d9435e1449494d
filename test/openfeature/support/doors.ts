import { FlagSyncClient } from '@flagwire/client';
import { flagdEvaluator } from '@flagwire/client/evaluate';
import { FlagwireProvider } from '@flagwire/openfeature';
import { FlagdProvider } from '@openfeature/flagd-provider';
import { OFREPProvider } from '@openfeature/ofrep-provider';
import { OpenFeature, type Provider } from '@openfeature/server-sdk';
import { detailsOf } from '../../../packages/openfeature/src/provider-lab.fake.js';
import { type BulkBody, type Evaluated } from '../../ofrep/support/ofrep-client.js';
import { type FlagDefinition } from '../../support/wire-types.js';
import { asJson, type Decision, type Door, type OpenDoor, variantOf } from './door.js';

const FALLBACKS = { boolean: false, string: '', number: 0, object: {} } as const;
const nothing = () => Promise.resolve();

/** Through the OpenFeature server SDK. */
async function bySdk(domain: string, provider: Provider): Promise<OpenDoor> {
  await OpenFeature.setProviderAndWait(domain, provider);
  const client = OpenFeature.getClient(domain);
  return {
    decide: async (flag, context) => {
      const { id, value_type: type } = flag;
      const { value, variant, reason, errorCode } = await detailsOf(client, type, id, FALLBACKS[type], context);
      return { variant: variantOf(flag, variant, value), reason: String(reason), error: errorCode ?? null };
    },
    close: () => OpenFeature.clearProviders(),
  };
}

const flagwire: Door = ({ url, serverKey }) => bySdk('flagwire', new FlagwireProvider({ url, sdkKey: serverKey }));

/** Through the SDK itself. */
const client: Door = async ({ url, serverKey }) => {
  const flags = new FlagSyncClient({ url, sdkKey: serverKey, evaluator: flagdEvaluator() });
  await flags.ready();
  return {
    decide: ({ id, value_type }, context) => {
      const { variant, reason, error_code } = flags.details<unknown>(id, FALLBACKS[value_type], asJson(context));
      return { variant, reason, error: error_code ?? null };
    },
    close: () => flags.close(),
  };
};

/** The stock provider, which decides in its own process by the documents that it gets over gRPC. */
const flagd: Door = async ({ grpcPort, serverKey }) => {
  const options = { host: '127.0.0.1', port: grpcPort, selector: `key=${serverKey}`, deadlineMs: 20_000 };
  const door = await bySdk('flagd', new FlagdProvider({ resolverType: 'in-process', ...options }));
  return {
    ...door,
    // It hands a context to the rule as it is, and a rule cannot compare a Date.
    decide: (flag, context) => door.decide(flag, asJson(context)),
    // That a split needs a key is a rule of ours, which no flagd document can state.
    inItsWords: (due, bare) => (due.error === 'TARGETING_KEY_MISSING' ? bare : due),
  };
};

/** The stock provider for servers: one request for each decision. */
const ofrepProvider: Door = async ({ url, clientKey }) => ({
  ...(await bySdk('ofrep', new OFREPProvider({ baseUrl: url, headers: [['Authorization', `Bearer ${clientKey}`]] }))),
  // It takes an answer without a value, which OFREP has for "the default of the code", for an error.
  inItsWords: (due) => (due.variant === null && due.error === null ? { ...due, reason: 'ERROR', error: 'GENERAL' } : due),
});

/** Over HTTP as it is, by connections that are kept. @returns what is said of a flag. */
async function ask(url: string, key: string, path: string, context: object): Promise<unknown> {
  const response = await fetch(`${url}/ofrep/v1/evaluate/flags${path}`, {
    method: 'POST',
    headers: { Authorization: `Bearer ${key}`, 'Content-Type': 'application/json' },
    body: JSON.stringify({ context }),
  });
  const text = await response.text();
  if (response.status !== 200 && response.status !== 400) throw new Error(`${path} was answered ${response.status}: ${text}`);
  return JSON.parse(text);
}

function read(flag: FlagDefinition, { key, value, variant, reason, errorCode }: Partial<Evaluated>): Decision {
  if (key !== flag.id) throw new Error(`${flag.id} was asked for, and ${String(key)} answered`);
  if (errorCode !== undefined) return { variant: null, reason: 'ERROR', error: errorCode };
  return { variant: variantOf(flag, variant, value), reason: String(reason), error: null };
}

const single: Door = ({ url, serverKey }) =>
  Promise.resolve({
    decide: async (flag, context) => read(flag, (await ask(url, serverKey, `/${flag.id}`, context)) as Evaluated),
    close: nothing,
  });

/** The flag among all of the environment. */
const bulk: Door = ({ url, clientKey }) =>
  Promise.resolve({
    decide: async (flag, context) => {
      const { flags } = (await ask(url, clientKey, '', context)) as BulkBody;
      return read(flag, flags.find(({ key }) => key === flag.id) ?? {});
    },
    close: nothing,
  });

/** Every door that has to decide alike. */
export const doors: ReadonlyMap<string, Door> = new Map([
  ['@flagwire/openfeature', flagwire],
  ['@flagwire/client', client],
  ['@openfeature/flagd-provider', flagd],
  ['@openfeature/ofrep-provider', ofrepProvider],
  ['OFREP, one flag', single],
  ['OFREP, all flags', bulk],
]);
