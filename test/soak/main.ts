import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { TRANSPORTS } from '../support/lines.js';
import { projectRoot } from '../support/project-root.js';
import { SeededRandom } from '../support/random.js';
import { disposeServers, startServer, type TestServer } from '../support/server.js';
import { eventually } from '../support/wait.js';
import { type Memory, Visitor } from '../support/visitor.js';

const USAGE = 'npm run soak -- [--minutes 60] [--clients 1000] [--seed N] [--database sqlite|postgres]';
const FLAGS = Array.from({ length: 100 }, (_, index) => `${index % 2 === 0 ? 'even' : 'odd'}.flag-${index}`);
const CHANGE_MS = 1000;
/** A visit lasts a minute on average. */
const LONGEST_VISIT_MS = 120_000;
const WARM_UP_MINUTES = 2;
/** What the collector, caches and code that is compiled late may move. */
const TOLERANCE = { heapShare: 0.1, heapBytes: 3 * 2 ** 20, emitters: 10 };

interface Census {
  resources: Record<string, number>;
  listeners: number;
  emitters: number;
  heapUsed: number;
  external: number;
  rss: number;
}

type Print = (line: string) => void;

const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
const mib = (bytes: number) => `${(bytes / 2 ** 20).toFixed(1)} MiB`;

/** Changes, and clients that come and go on every transport, until the time is over. */
class Crowd {
  changes = 0;
  visits = 0;
  received = 0;
  readonly violations: string[] = [];
  private readonly present = new Map<Visitor, number>();
  private readonly memories: Memory[] = [];

  constructor(
    private readonly server: TestServer,
    private readonly key: string,
    private readonly random: SeededRandom,
    private readonly size: number,
  ) {}

  get count(): number {
    return this.present.size;
  }

  async run(minutes: number, onMinute: (minute: number) => Promise<void>): Promise<void> {
    const began = performance.now();
    for (let minute = 1; minute <= minutes; minute += 1) {
      while (performance.now() < began + minute * 60_000) {
        this.turnOver();
        await this.change();
        const due = began + Math.ceil((performance.now() - began) / CHANGE_MS) * CHANGE_MS;
        await sleep(due - performance.now());
      }
      await onMinute(minute);
    }
    for (const visitor of [...this.present.keys()]) this.dismiss(visitor);
    this.memories.length = 0;
  }

  private turnOver(): void {
    const now = performance.now();
    for (const [visitor, until] of this.present) if (now >= until) this.dismiss(visitor);
    // The first come over ten seconds: a herd is another test.
    const missing = Math.min(this.size - this.present.size, Math.ceil(this.size / 10));
    for (let place = 0; place < missing; place += 1) this.welcome(now);
  }

  private welcome(now: number): void {
    const { random } = this;
    const returning = random.chance(0.7) ? this.memories.pop() : undefined;
    const wanted = random.chance(0.3)
      ? random.pick([['even.*'], ['odd.flag-1', 'odd.flag-3'], ['even.flag-2', 'odd.*']])
      : undefined;
    const flags = returning === undefined ? wanted : returning.flags;
    const { url } = this.server;
    const transport = random.pick(TRANSPORTS);
    const visitor = new Visitor({ url, key: this.key, flags, memory: returning, transport });
    this.present.set(visitor, now + random.int(1000, LONGEST_VISIT_MS));
    this.visits += 1;
  }

  private dismiss(visitor: Visitor): void {
    this.present.delete(visitor);
    const memory = visitor.end(this.random.chance(0.5));
    this.received += visitor.received;
    this.violations.push(...visitor.checker.violations);
    if (memory.cursor !== 'none' && this.memories.length < this.size) this.memories.unshift(memory);
  }

  private async change(): Promise<void> {
    const chosen = this.random.shuffle(FLAGS).slice(0, this.random.int(1, 4));
    const status = this.random.pick(['enabled', 'disabled'] as const);
    await this.server.admin.changeSet(
      'production',
      chosen.map((flag) => ({ flag, status, targeting: { if: [true, this.random.pick(['on', 'off'])] } })),
    );
    this.changes += 1;
  }
}

async function census(server: TestServer): Promise<Census> {
  const seen = server.stdout().split('{"census":').length;
  server.signal('SIGUSR2');
  await eventually(() => server.stdout().split('{"census":').length > seen, { timeoutMs: 60_000, what: 'the census' });
  const line =
    server
      .stdout()
      .split('\n')
      .findLast((text) => text.startsWith('{"census":')) ?? '';
  return (JSON.parse(line) as { census: Census }).census;
}

/** The node with nobody there: connections are gone, and what was about to be closed is closed. */
async function atRest(server: TestServer): Promise<Census> {
  const alone = async () => {
    const { body } = await server.admin.call<string>('GET', '/metrics');
    return [...body.matchAll(/^flagwire_connections\{.*\} (\d+)$/gm)].every(([, count]) => count === '0');
  };
  await eventually(alone, { timeoutMs: 60_000, what: 'nobody being connected' });
  await sleep(30_000);
  return census(server);
}

function differences(before: Census, after: Census): string[] {
  const found: string[] = [];
  const kinds = new Set([...Object.keys(before.resources), ...Object.keys(after.resources)]);
  for (const kind of kinds) {
    const [was, is] = [before.resources[kind] ?? 0, after.resources[kind] ?? 0];
    if (is > was) found.push(`${kind}: ${was} before, ${is} after`);
  }
  if (after.listeners > before.listeners) found.push(`listeners: ${before.listeners} before, ${after.listeners} after`);
  if (after.emitters > before.emitters + TOLERANCE.emitters)
    found.push(`emitters: ${before.emitters} before, ${after.emitters} after`);
  const allowed = before.heapUsed * (1 + TOLERANCE.heapShare) + TOLERANCE.heapBytes;
  if (after.heapUsed > allowed) found.push(`heap: ${mib(before.heapUsed)} before, ${mib(after.heapUsed)} after`);
  return found;
}

function describe({ resources, listeners, emitters, heapUsed, external, rss }: Census): string {
  const open = Object.entries(resources).map(([kind, count]) => `${kind} ${count}`);
  return `heap ${mib(heapUsed)}, external ${mib(external)}, rss ${mib(rss)}, listeners ${listeners}, emitters ${emitters}, ${open.join(', ')}`;
}

/** @returns the exit code: 1 where a client was told wrong, or where the node holds more than it did before. */
export async function main(args: string[], print: Print): Promise<number> {
  const text = { type: 'string' } as const;
  const { values } = parseArgs({
    args,
    options: { minutes: text, clients: text, seed: text, database: text, help: { type: 'boolean' } },
  });
  if (values.help === true) return (print(USAGE), 0);
  const minutes = Number(values.minutes ?? 60);
  const clients = Number(values.clients ?? 1000);
  const random = new SeededRandom(Number(values.seed ?? Date.now()));
  print(`${minutes} minutes, ${clients} clients, seed ${random.seed}, ${values.database ?? 'sqlite'}`);
  const preload = join(projectRoot(), 'test/soak/census.mjs');
  // Small enough to be full after the warm-up: what may grow has grown by then.
  const env = { FLAGWIRE_RING_REVISIONS: '50', FLAGWIRE_MAX_PER_SERVER_KEY: '5000' };
  const server = await startServer({
    database: values.database ?? 'sqlite',
    env,
    nodeArgs: ['--expose-gc', '--import', preload],
  });
  try {
    for (const flag of FLAGS) await server.admin.createFlag(flag, { value_type: 'boolean', variants: { on: true, off: false } });
    const { key } = await server.admin.createKey('production');
    const crowd = new Crowd(server, key, random, clients);
    await crowd.run(Math.min(WARM_UP_MINUTES, minutes), async () => print(`warming up: ${crowd.visits} visits`));
    const before = await atRest(server);
    print(`before: ${describe(before)}`);
    await crowd.run(minutes, async (minute) => {
      const { changes, visits, received, violations } = crowd;
      print(`minute ${minute}: ${changes} changes, ${visits} visits, ${received} messages, ${violations.length} violations`);
    });
    const after = await atRest(server);
    print(`after:  ${describe(after)}`);
    const faults = [...crowd.violations.slice(0, 10), ...differences(before, after)];
    for (const fault of faults) print(`  ${fault}`);
    print(faults.length === 0 ? 'Everybody was told right, and the node holds what it held before.' : 'Not as it was.');
    return faults.length === 0 ? 0 : 1;
  } finally {
    await disposeServers();
  }
}
