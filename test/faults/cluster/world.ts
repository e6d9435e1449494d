import { setTimeout as sleep } from 'node:timers/promises';
import { Author } from '../../mixed/author.js';
import { type AdminClient, UnexpectedAnswer } from '../../support/admin-client.js';
import { TRANSPORTS } from '../../support/lines.js';
import { SeededRandom } from '../../support/random.js';
import { type Memory } from '../../support/visitor.js';
import { eventually } from '../../support/wait.js';
import { type Cluster } from './cluster.js';
import { Doomed } from './doomed.js';
import { RawClient } from './raw-client.js';
import { type Client, type Schedule, type WriterPlan } from './schedule.js';
import { SdkClient } from './sdk-client.js';
import { RoamingAdmin } from './writer.js';

export const ENVIRONMENT = 'production';
const FLAGS = 12;
/** In bytes: the server takes no longer ones. */
const VARIANT = 40_000;
const LARGEST_FLAG = 400_000;

const PREPARED_MS = 30_000;

/** Nothing goes wrong yet, but a busy machine may take longer than a node waits for its database: then again. */
function surely<T>(step: () => Promise<T>): Promise<T> {
  return eventually(step, { timeoutMs: PREPARED_MS, intervalMs: 200, what: 'the preparation of a schedule' });
}

/** What is there already was made by an attempt that was not answered in time, or comes with its project. */
function made(step: () => Promise<unknown>): Promise<unknown> {
  return surely(() =>
    step().catch((error: unknown) => {
      if (!(error instanceof UnexpectedAnswer && error.answer.status === 409)) throw error;
      return true;
    }),
  );
}

/** One program that changes flags, on whichever node takes it, until its time is over. */
class Writer {
  /** When the last of its requests was answered, or given up. */
  ended = -Infinity;
  private readonly author: Author;
  private readonly large: string[] = [];
  private readonly place: { project: string };
  private turn = 0;

  constructor(
    readonly admin: RoamingAdmin,
    project: string,
    private readonly plan: WriterPlan,
    private readonly name: string,
    private readonly random: SeededRandom,
  ) {
    this.author = new Author(admin, { project, environments: [ENVIRONMENT], name }, random.fork());
    this.place = { project };
  }

  async begin(admin: AdminClient): Promise<void> {
    const { bytes } = this.plan;
    for (let left = bytes; left > 0; left -= LARGEST_FLAG) {
      const size = Math.min(left, LARGEST_FLAG);
      const count = Math.ceil(size / VARIANT);
      const text = 'x'.repeat(Math.ceil(size / count));
      const texts = Array.from({ length: count }, (_, index) => [`v${index}`, text] as const);
      const id = `large-${this.name}${this.large.length}`;
      const variants = { ...Object.fromEntries(texts), small: 'x' };
      await made(() => admin.createFlag(id, { value_type: 'string', variants, default_variant: 'small' }, this.place));
      this.large.push(id);
    }
    const plain = { value_type: 'boolean', variants: { on: true, off: false }, default_variant: 'off' };
    const flags = this.author.begin(FLAGS).map((id) => ({ id, name: id, ...plain }));
    await surely(() => admin.import({ format: 'flagwire', version: 1, flags }, '', this.place));
  }

  async run(): Promise<void> {
    const until = performance.now() + this.plan.until_ms;
    while (performance.now() < until) {
      // What fails is counted where it is answered.
      await this.write().catch(() => undefined);
      await sleep(this.random.int(0, 2 * this.plan.rest_ms));
    }
    this.ended = performance.now();
  }

  private async write(): Promise<void> {
    if (this.plan.bytes === 0) return this.author.write();
    this.turn += 1;
    const default_variant = this.turn % 2 === 0 ? 'small' : 'v0';
    const changes = this.large.map((flag) => ({ flag, default_variant }));
    await this.admin.changeSet(ENVIRONMENT, changes, this.place);
  }
}

/** Who and what takes part in one schedule: a project of its own, its writers, its clients. */
export class World {
  readonly followers: (RawClient | SdkClient)[] = [];

  private constructor(
    private readonly cluster: Cluster,
    private readonly key: string,
    readonly writers: readonly Writer[],
    readonly doomed: Doomed,
  ) {}

  static async settle(cluster: Cluster, project: string, schedule: Schedule): Promise<World> {
    const { admin, adminToken } = cluster.node(0).server;
    await made(() => admin.createProject(project));
    await made(() => admin.createEnvironment(ENVIRONMENT, { project }));
    const writers = schedule.writers.map((plan, index) => {
      const random = new SeededRandom(plan.seed);
      const urls = plan.nodes.map((node) => (plan.isDirect ? cluster.node(node).server.url : (cluster.fronts[node] ?? '')));
      const roaming = new RoamingAdmin(urls, adminToken, ENVIRONMENT, random.fork());
      return new Writer(roaming, project, plan, 'abcdef'[index] ?? 'x', random);
    });
    for (const writer of writers) await writer.begin(admin);
    const newKey = () => surely(() => admin.createKey(ENVIRONMENT, 'server', {}, { project }));
    const [{ key }, doomedKey] = [await newKey(), await newKey()];
    const doomed = new Doomed(cluster, project, doomedKey, schedule.revocation, new SeededRandom(schedule.afterwards));
    return new World(cluster, key, writers, doomed);
  }

  /** One of the clients of a schedule comes, at its time. */
  async welcome({ transport, by, flags, at_ms, seed }: Client): Promise<void> {
    await sleep(at_ms);
    const random = new SeededRandom(seed);
    const where = {
      name: `${by} ${transport ?? 'of all'} ${this.followers.length}`,
      key: this.key,
      flags,
      urls: this.cluster.fronts,
    };
    const isRaw = by === 'raw' && transport !== null;
    this.followers.push(isRaw ? new RawClient({ ...where, transport }, random) : new SdkClient(where, transport, random));
  }

  /** A client with a cursor, and with the flags that belong to it, where it belongs to any. */
  visit(held: Memory, random: SeededRandom): RawClient {
    const transport = random.pick(TRANSPORTS);
    const where = { transport, key: this.key, flags: held.flags, urls: this.cluster.fronts };
    return new RawClient({ name: `${transport} from ${held.cursor}`, ...where }, random.fork(), held);
  }

  async stop(): Promise<void> {
    await Promise.all([...this.followers, ...this.doomed.clients].map(async (client) => client.stop()));
  }
}
