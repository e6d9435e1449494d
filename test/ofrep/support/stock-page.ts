import { OFREPWebProvider } from '@openfeature/ofrep-web-provider';
import { type Client, OpenFeature, type Provider, ProviderEvents } from '@openfeature/web-sdk';
import { EventSource } from 'eventsource';

/** What the provider has asked for: `POST /ofrep/v1/evaluate/flags 200`, `GET /ofrep/v1/stream 200`, `… failed` where nobody answered. */
export type Asked = string[];

let made = 0;

/** A page with the stock web provider, in Node: what a browser has and Node lacks is `EventSource`. */
export class StockPage {
  /** The events that the page heard: `PROVIDER_CONFIGURATION_CHANGED a,b`. */
  readonly heard: string[] = [];

  private constructor(
    readonly asked: Asked,
    readonly client: Client,
    readonly provider: OFREPWebProvider,
  ) {}

  static async open(url: string, key: string, context: Record<string, string> = {}): Promise<StockPage> {
    const domain = `page-${(made += 1)}`;
    const asked: Asked = [];
    const noting = async (input: Parameters<typeof fetch>[0], init?: RequestInit): Promise<Response> => {
      const what =
        input instanceof Request ? `${input.method} ${new URL(input.url).pathname}` : `GET ${new URL(String(input)).pathname}`;
      try {
        const response = await fetch(input, init);
        asked.push(`${what} ${response.status}`);
        return response;
      } catch (error) {
        asked.push(`${what} failed`);
        throw error;
      }
    };
    // The provider takes the global one, and there is no other way in.
    Object.assign(globalThis, {
      EventSource: class extends EventSource {
        constructor(address: string | URL) {
          super(address, { fetch: noting });
        }
      },
    });
    const headers: [string, string][] = [['Authorization', `Bearer ${key}`]];
    // Its types are not those of exactOptionalPropertyTypes.
    const provider = new OFREPWebProvider({ baseUrl: url, headers, cacheMode: 'disabled', fetchImplementation: noting });
    await OpenFeature.setContext(domain, context);
    const client = OpenFeature.getClient(domain);
    const page = new StockPage(asked, client, provider);
    for (const event of [ProviderEvents.ConfigurationChanged, ProviderEvents.Stale, ProviderEvents.Error, ProviderEvents.Ready]) {
      client.addHandler(event, (details) => {
        const flags: unknown = details !== undefined && 'flagsChanged' in details ? details.flagsChanged : [];
        page.heard.push([event, ...(Array.isArray(flags) && flags.length > 0 ? [flags.join(',')] : [])].join(' '));
      });
    }
    await OpenFeature.setProviderAndWait(domain, provider as Provider);
    return page;
  }

  /** How often it was answered so. */
  count(what: string): number {
    return this.asked.filter((entry) => entry === what).length;
  }

  async close(): Promise<void> {
    await this.provider.onClose?.();
  }
}
