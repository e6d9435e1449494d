import {
  type Client,
  type EvaluationContext,
  type EvaluationDetails,
  type JsonValue,
  OpenFeature,
  ProviderEvents,
} from '@openfeature/server-sdk';
import { fullSync, KEY } from '../../client/src/api/client-lab.fake.js';
import { ScriptedTransport } from '../../client/src/connection/scripted-transport.fake.js';
import { VirtualClock } from '../../client/src/connection/virtual-clock.fake.js';
import { FlagwireProvider } from './flagwire-provider.js';
import { type FlagwireProviderOptions } from './options.js';

let labs = 0;

/** A provider under a domain of OpenFeature's own object, in virtual time; its server is the test. */
export function makeLab(options: Partial<FlagwireProviderOptions> = {}) {
  const clock = new VirtualClock();
  const sse = new ScriptedTransport('sse', () => clock.now());
  const warned: string[] = [];
  const scripted = { url: 'http://flags', sdkKey: KEY, transports: () => [sse], clock, random: () => 0.5 };
  const provider = new FlagwireProvider({ ...scripted, warn: (message) => warned.push(message), ...options });
  const domain = `lab-${(labs += 1)}`;
  const client = OpenFeature.getClient(domain);
  /** Each event, with the status that a program sees while it is told. */
  const told: string[] = [];
  const begin = (): Promise<void> => {
    const ready = OpenFeature.setProviderAndWait(domain, provider);
    for (const event of Object.values(ProviderEvents)) {
      client.addHandler(event, (details) => {
        const of = Array.isArray(details?.flagsChanged) ? ` ${details.flagsChanged.join()}` : '';
        told.push(`${event.replace('PROVIDER_', '')}${of} (${client.providerStatus})`);
      });
    }
    ready.catch(() => undefined);
    return ready;
  };
  const turn = () => new Promise((resolve) => setImmediate(resolve));
  const pass = async (ms: number): Promise<void> => {
    await turn();
    await clock.pass(ms);
    await turn();
  };
  return { clock, sse, warned, provider, client, told, begin, pass, turn, sync: fullSync(sse) };
}

const METHODS = {
  boolean: 'getBooleanDetails',
  string: 'getStringDetails',
  number: 'getNumberDetails',
  object: 'getObjectDetails',
} as const;
export type Kind = keyof typeof METHODS;
type Ask = (id: string, fallback: JsonValue, context?: EvaluationContext) => Promise<EvaluationDetails<JsonValue>>;

/** A flag by the method of a type. */
export function detailsOf(client: Client, kind: Kind, ...asked: Parameters<Ask>): ReturnType<Ask> {
  return (client[METHODS[kind]] as Ask).apply(client, asked);
}

/** A lab whose provider is ready with these flags. */
export async function readyLab(
  flags: Parameters<ReturnType<typeof fullSync>>[0],
  options: Partial<FlagwireProviderOptions> = {},
) {
  const lab = makeLab(options);
  const ready = lab.begin();
  await lab.pass(0);
  lab.sync(flags);
  await ready;
  return lab;
}
