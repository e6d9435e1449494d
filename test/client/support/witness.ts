import { isDeepStrictEqual } from 'node:util';
import { type ChangeSet, FlagSyncClient, type FlagSyncClientOptions, type TransportName } from '@flagwire/client';
import { type Filter, type Flags, type Ledger, versionsOf } from '../../mixed/ledger.js';

interface Sight {
  readonly revision: number;
  readonly cursor: string;
  readonly flags: Flags;
  readonly transport: TransportName | null;
}

const POLLS: readonly (TransportName | null)[] = ['long-poll', 'poll'];

/** A client, and all that it ever showed and told; `faults` compares that with the log. */
export class Witness {
  readonly client: FlagSyncClient;
  readonly codes: string[] = [];
  /** As of each `change`. */
  readonly #told: Sight[] = [];
  /** As of each event of any kind: by revision, the versions of the flags. */
  readonly #shown = new Set<string>();
  readonly #wrong: string[] = [];
  /** What those know who only listen. */
  readonly #folded: Map<string, unknown> = new Map();

  constructor(
    readonly name: string,
    readonly flags: Filter,
    options: FlagSyncClientOptions,
  ) {
    this.client = new FlagSyncClient({ ...options, flags: flags ?? null });
    this.client.on('change', (change) => this.#take(change));
    this.client.on('event', () => this.#look());
    this.client.on('status', () => this.#look());
    this.client.on('error', ({ code }) => {
      this.codes.push(code);
      this.#look();
    });
  }

  /** What was not as the log has it: of each moment, and of the order. */
  faults(ledger: Ledger): string[] {
    return [...this.#wrong, ...this.#falseMoments(ledger), ...this.#falseSteps(ledger)].map((fault) => `${this.name}: ${fault}`);
  }

  /** How many change sets, and full syncs, it told of. */
  get changes(): number {
    return this.#told.length;
  }

  #take({ changes, cursor, revision }: ChangeSet): void {
    this.#look();
    for (const { id, before, after } of changes) {
      if (!isDeepStrictEqual(this.#folded.get(id) ?? null, before)) this.#wrong.push(`${id} at ${cursor} was not that before`);
      if (after === null) this.#folded.delete(id);
      else this.#folded.set(id, after);
    }
    const flags = this.#flags();
    if (!isDeepStrictEqual(this.#folded, flags)) this.#wrong.push(`at ${cursor} it shows other flags than it told of`);
    this.#told.push({ revision: revision ?? -1, cursor: cursor ?? 'none', flags, transport: this.client.status.transport });
  }

  #look(): void {
    const { revision } = this.client.status;
    if (revision !== null) this.#shown.add(`${revision} ${versionsOf(this.#flags())}`);
  }

  #flags(): Map<string, ReturnType<FlagSyncClient['all']>[number]> {
    return new Map(this.client.all().map((flag) => [flag.id, flag]));
  }

  /** A part of a change set is the state at no revision. */
  #falseMoments(ledger: Ledger): string[] {
    const shown = [...this.#shown].flatMap((text) => {
      const revision = Number.parseInt(text, 10);
      return text === `${revision} ${versionsOf(ledger.at(revision, this.flags))}`
        ? []
        : `not the flags of its revision: ${text}`;
    });
    const told = this.#told.flatMap(({ revision, cursor, flags }) => {
      const isOfTheLog = ledger.has(cursor) && isDeepStrictEqual(new Map(flags), ledger.at(revision, this.flags));
      return isOfTheLog ? [] : `told of other flags than the log has at ${cursor}`;
    });
    return [...shown, ...told];
  }

  /** Each once, in order; and where each is sent by itself, none of them together with another, unless all flags are shorter. */
  #falseSteps(ledger: Ledger): string[] {
    return this.#told.flatMap(({ revision, transport }, index) => {
      const before = this.#told[index - 1]?.revision;
      if (before === undefined) return [];
      if (revision <= before) return `revision ${revision} came after ${before}`;
      const passed = POLLS.includes(transport) ? [] : ledger.between(before, revision - 1, this.flags);
      return passed.length === 0 || this.#isFar(ledger, before, revision)
        ? []
        : `revisions ${passed.join()} were not told of by themselves, over ${transport}`;
    });
  }

  /** From where the server sends all flags, by the protocol (section 1). */
  #isFar(ledger: Ledger, before: number, revision: number): boolean {
    let events = 0;
    for (let next = before + 1; next <= revision; next += 1) events += ledger.eventsOf(next, this.flags).length;
    return events > 2 * ledger.at(revision, this.flags).size + 100;
  }
}
