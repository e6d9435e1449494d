import { setTimeout as sleep } from 'node:timers/promises';
import { AdminClient, type CreatedKey } from '../../support/admin-client.js';
import { type SeededRandom } from '../../support/random.js';
import { eventually } from '../../support/wait.js';
import { type Cluster } from './cluster.js';
import { type Aftermath } from './inflict.js';
import { RawClient } from './raw-client.js';
import { type Cut } from './record.js';
import { type Schedule } from './schedule.js';

const TRANSPORTS = ['sse', 'websocket', 'socket.io', 'long-poll'] as const;
const PATIENCE_MS = 3000;
const CUT_MS = 1000;

/** Clients of a key that will be revoked, where the schedule says so: of each transport on each node, without a proxy between them. */
export class Doomed {
  readonly clients: readonly RawClient[];
  private answered = Infinity;

  constructor(
    private readonly cluster: Cluster,
    private readonly project: string,
    private readonly key: CreatedKey,
    private readonly at: Schedule['revocation'],
    random: SeededRandom,
  ) {
    const nodes = at === null ? [] : cluster.nodes;
    this.clients = nodes.flatMap(({ server }, node) =>
      TRANSPORTS.map((transport) => {
        const where = { transport, key: key.key, flags: undefined, urls: [server.url] };
        return new RawClient({ name: `doomed ${transport} on node ${node}`, ...where }, random.fork());
      }),
    );
  }

  /** Asks one node after the other until one has said that it is done. */
  async revoke(): Promise<void> {
    const { at } = this;
    if (at === null) return;
    await sleep(at.at_ms);
    let asked = at.node;
    await eventually(
      async () => {
        const { server } = this.cluster.node(asked % this.cluster.nodes.length);
        asked += 1;
        const path = `/api/projects/${this.project}/environments/production/sdk-keys/${this.key.id}`;
        const { status } = await new AdminClient(server.url, server.adminToken, PATIENCE_MS).request('DELETE', path);
        return status < 300;
      },
      { timeoutMs: 60_000, intervalMs: 50, what: 'the revocation of a key' },
    );
    this.answered = performance.now();
  }

  /** When each of them was cut, and when it had to be; waits until that is clear. */
  async cuts(aftermath: Aftermath): Promise<Cut[]> {
    if (this.answered === Infinity) return [];
    const due = cutsDue(this.answered, aftermath);
    const isOut = ({ stays }: RawClient) => stays.at(-1)?.until !== null;
    const until = Math.max(...due) + 3 * CUT_MS;
    while (performance.now() < until && !this.clients.every(isOut)) await sleep(20);
    // Nobody may be let in again.
    await sleep(Math.max(0, Math.max(...due) + 1.5 * CUT_MS - performance.now()));
    return this.clients.flatMap(({ where, stays }, index) => {
      const last = stays.at(-1);
      const node = Math.floor(index / TRANSPORTS.length);
      return last === undefined ? [] : [{ name: where.name, due: due[node] ?? 0, closed: last.until }];
    });
  }
}

/**
 * By node, from when on it may have no connection of a key for longer than is promised: from the answer to the revocation, or from its
 * return, where it was away before it had to have heard of it.
 */
export function cutsDue(answered: number, { returns, departures }: Pick<Aftermath, 'returns' | 'departures'>): number[] {
  return departures.map((departure, node) =>
    departure <= answered + CUT_MS ? Math.max(answered, returns[node] ?? 0) : answered,
  );
}
