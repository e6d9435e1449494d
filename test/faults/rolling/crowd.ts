import { stockClients } from '../../e2e/support/stock-follower.js';
import { type Transport } from '../../support/lines.js';
import { type SeededRandom } from '../../support/random.js';
import { eventually } from '../../support/wait.js';
import { SdkClient } from '../cluster/sdk-client.js';
import { StockClient } from './stock-client.js';

/** Of each eight six are stock clients, and two the SDK: these in turn, since to ask anew for each change, or for all flags, costs much. */
const EIGHT = 8;
const SDK: readonly (readonly Transport[])[] = [
  ['sse', 'poll'],
  ['websocket', 'socket.io'],
  ['sse', 'long-poll'],
  ['websocket', 'socket.io'],
];
/** It asks every three seconds, not every thirty; all others wait as long as they do anywhere. */
const POLL_SPEED = 10;

export interface Site {
  readonly url: string;
  readonly key: string;
}

/** Clients of all kinds behind one address. */
export class Crowd {
  readonly sdk: { readonly client: SdkClient; readonly transport: Transport }[] = [];
  readonly stock: StockClient[] = [];

  /** Resolves when each of them has had its first sync. */
  static async gather(count: number, site: Site, random: SeededRandom): Promise<Crowd> {
    const crowd = new Crowd();
    const isThere = () => crowd.all.every(({ cursor }) => cursor !== 'none');
    try {
      for (let eight = 0; eight < Math.ceil(count / EIGHT); eight += 1) {
        crowd.add(site, eight, random);
        await eventually(isThere, { timeoutMs: 20_000, intervalMs: 5, what: 'the first sync of the clients' });
      }
      return crowd;
    } catch (error) {
      await crowd.stop();
      throw error;
    }
  }

  get all(): (SdkClient | StockClient)[] {
    return [...this.stock, ...this.sdk.map(({ client }) => client)];
  }

  /** All, with their kind. */
  get named(): { readonly kind: string; readonly client: SdkClient | StockClient }[] {
    const stock = this.stock.map((client) => ({ kind: client.kind, client }));
    return [...stock, ...this.sdk.map(({ client, transport }) => ({ kind: `SDK ${transport}`, client }))];
  }

  async stop(): Promise<void> {
    await Promise.all(this.all.map((client) => client.stop()));
  }

  private add(site: Site, number: number, random: SeededRandom): void {
    for (const pair of [0, 1])
      this.stock.push(...stockClients(site).map((follower) => new StockClient(follower, 2 * number + pair)));
    for (const transport of SDK[number % SDK.length] ?? []) {
      const where = { name: `SDK ${transport} ${this.sdk.length}`, key: site.key, flags: undefined, urls: [site.url] };
      const speed = transport === 'poll' ? POLL_SPEED : 1;
      this.sdk.push({ transport, client: new SdkClient(where, transport, random.fork(), speed) });
    }
  }
}
