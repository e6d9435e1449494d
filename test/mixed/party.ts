import { isDeepStrictEqual } from 'node:util';
import { revisionOf } from '../support/cursor.js';
import { type SeededRandom } from '../support/random.js';
import { type TestServer } from '../support/server.js';
import { eventually } from '../support/wait.js';
import { Author, FAMILIES } from './author.js';
import { Guest, type Home } from './guest.js';
import { type Filter, flagsByAdmin, flagsByPoll, Ledger, versionsOf } from './ledger.js';

const PROJECT = 'mixed';
const ENVIRONMENTS = ['one', 'two', 'three'] as const;
const AUTHORS = ['a', 'b'] as const;
const FLAGS_EACH = 55;
const FILTERS = 24;
/** How often a client does something, on average, for each change. */
const ACTS_PER_CHANGE = 0.006;
const SETTLE_MS = 120_000;

export interface Size {
  clients: number;
  changes: number;
}

/** Authors who write and clients who come and go, all at the same time, until the changes are made. */
export class Party {
  private readonly authors: Author[];
  private readonly guests: Guest[] = [];
  private readonly ledgers = new Map<string, Ledger>();
  private homes: Home[] = [];

  constructor(
    private readonly server: TestServer,
    private readonly size: Size,
    private readonly random: SeededRandom,
  ) {
    this.authors = AUTHORS.map((name) => {
      return new Author(server.admin, { project: PROJECT, environments: ENVIRONMENTS, name }, random.fork());
    });
  }

  async prepare(): Promise<void> {
    const { admin, url } = this.server;
    await admin.createProject(PROJECT);
    for (const environment of ENVIRONMENTS) {
      await admin.createEnvironment(environment, { project: PROJECT });
      const { key } = await admin.createKey(environment, 'server', {}, { project: PROJECT });
      this.homes.push({ url, environment, key });
    }
    const ids = this.authors.flatMap((author) => author.begin(FLAGS_EACH));
    const plain = { value_type: 'boolean', variants: { on: true, off: false }, default_variant: 'off' };
    const flags = ids.map((id) => ({ id, name: id, ...plain }));
    const answer = await admin.import({ format: 'flagwire', version: 1, flags }, '', { project: PROJECT });
    this.authors[0]?.note(answer, ids);
  }

  async run(): Promise<void> {
    const { random, size } = this;
    const filters = this.filters();
    while (this.guests.length < size.clients) {
      this.guests.push(new Guest(random.pick(this.homes), random.fork(), filters));
    }
    await eventually(() => this.guests.every(({ memory }) => memory.cursor !== 'none'), {
      timeoutMs: SETTLE_MS,
      what: 'everybody having come',
    });
    const acts = random.fork();
    let due = 0;
    const write = async (author: Author): Promise<void> => {
      for (let count = 0; count < size.changes / this.authors.length; count += 1) {
        await author.write();
        for (due += size.clients * ACTS_PER_CHANGE; due >= 1; due -= 1) acts.pick(this.guests).act();
      }
    };
    await Promise.all(this.authors.map(write));
  }

  /** Lets everybody get what is on its way, reads the logs, and sends them home. */
  async settle(): Promise<void> {
    for (const environment of ENVIRONMENTS) {
      this.ledgers.set(environment, await Ledger.read(this.server.admin, PROJECT, environment));
    }
    const late = () => this.guests.filter((guest) => !guest.has(this.ledgerOf(guest.home).head));
    await eventually(() => late().length === 0, { timeoutMs: SETTLE_MS, what: 'everybody being at the head' }).catch(
      (error: unknown) => {
        throw new Error(
          `${String(error)}\n${late()
            .map((guest) => `${guest.situation}; the head is ${this.ledgerOf(guest.home).head}`)
            .join('\n')}`,
          { cause: error },
        );
      },
    );
    for (const guest of this.guests) guest.leave(false);
  }

  /** Of each client and of the logs; empty where everything was as it has to be. */
  faults(): string[] {
    const [author, ...others] = this.authors;
    const written = [...this.ledgers].flatMap(([name, ledger]) => author?.faults(name, ledger, others) ?? []);
    return [...written, ...this.guests.flatMap((guest) => guest.faults(this.ledgerOf(guest.home)))];
  }

  /** Clients whose state is not what the database has, by the admin API and by a poll. */
  async strangers(): Promise<string[]> {
    const found: string[] = [];
    const polled = new Map<string, ReadonlyMap<string, unknown>>();
    for (const { url, environment, key } of this.homes) {
      const ledger = this.ledgerOf({ environment });
      const { admin } = this.server;
      const stored = await flagsByAdmin(admin, PROJECT, environment);
      if (!isDeepStrictEqual(stored, ledger.at(ledger.length, undefined))) found.push(`the trail of ${environment}`);
      for (const { home, memory } of this.guests.filter((guest) => guest.home.environment === environment)) {
        const { flags, state } = memory;
        const question = `${environment} ${flags?.join() ?? ''}`;
        const fresh = polled.get(question) ?? (await flagsByPoll(url, key, flags, ledger.length));
        polled.set(question, fresh);
        const due = ledger.at(ledger.length, flags);
        if (isDeepStrictEqual(state, due) && isDeepStrictEqual(fresh, due)) continue;
        found.push(`a client of ${home.environment} for ${flags?.join() ?? 'all'}: ${versionsOf(state)}`);
      }
    }
    return found;
  }

  /** What happened, in figures. */
  get figures() {
    const sum = (count: (guest: Guest) => number) => this.guests.reduce((total, guest) => total + count(guest), 0);
    return {
      revisions: [...this.ledgers.values()].map(({ head }) => revisionOf(head)),
      messages: sum(({ received }) => received),
      sets: sum(({ sets }) => sets),
      visits: sum(({ visits }) => visits),
      resumptions: sum(({ resumptions }) => resumptions),
      handovers: sum(({ handovers }) => handovers),
      subscribed: sum(({ subscribed }) => subscribed),
    };
  }

  private ledgerOf({ environment }: Pick<Home, 'environment'>): Ledger {
    const ledger = this.ledgers.get(environment);
    if (ledger === undefined) throw new Error(`the log of ${environment} was not read`);
    return ledger;
  }

  /** All flags, names, prefixes, and both; also names that nobody has yet. */
  private filters(): Filter[] {
    const { random } = this;
    const name = () => `${random.pick(FAMILIES)}${random.pick(AUTHORS)}${random.int(1, FLAGS_EACH * 2)}`;
    const prefix = () => `${random.pick(FAMILIES)}${random.chance(0.3) ? random.pick(AUTHORS) : ''}*`;
    const draw = (): Filter => {
      const kind = random.next();
      if (kind < 0.25) return undefined;
      const names = Array.from({ length: kind < 0.55 ? 0 : random.int(1, 20) }, name);
      const prefixes = Array.from({ length: kind < 0.8 && names.length > 0 ? 0 : random.int(1, 2) }, prefix);
      return [...names, ...prefixes];
    };
    return Array.from({ length: FILTERS }, draw);
  }
}
