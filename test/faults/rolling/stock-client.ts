import { type Follower, type Visit } from '../../e2e/support/stock-follower.js';
import { type Flags, versionsOf } from '../../mixed/ledger.js';
import { type Goodbye, type Message } from '../../support/wire-types.js';
import { type Sight } from '../cluster/record.js';

/** A client of npm's as it comes, `eventsource`, `socket.io-client` or a loop around `ws`, and what it was told. */
export class StockClient {
  readonly sights: Sight[] = [];
  readonly where: { readonly name: string; readonly flags: undefined };
  received = 0;

  constructor(
    private readonly follower: Follower,
    number: number,
  ) {
    this.where = { name: `${follower.name} ${number}`, flags: undefined };
    follower.onChecked = (message) => this.note(message);
  }

  get kind(): string {
    return this.follower.name;
  }

  get cursor(): string {
    return this.follower.cursor;
  }

  get flags(): Flags {
    return this.follower.checker.state;
  }

  get modes(): string[] {
    return this.follower.modes;
  }

  get breaches(): string[] {
    return this.follower.allFaults();
  }

  /** Its connections, those that only told it to come back later among them. */
  get visits(): readonly Visit[] {
    return this.follower.visits;
  }

  /** Connections on which it was only told to come back later. */
  get turnedAway(): number {
    return this.visits.length - this.follower.served.length;
  }

  /** Connections that brought nothing, or never came to be. */
  get vainVisits(): number {
    return this.follower.failures + this.visits.slice(0, -1).filter((visit) => visit.length === 0).length;
  }

  get goodbyes(): readonly Goodbye[] {
    return this.follower.goodbyes;
  }

  /** Refusals that were said, and whether it gave up. */
  get complaints(): string[] {
    const { errors, name, isAway } = this.follower;
    return [...errors.map((error) => `${name} was refused: ${error}`), ...(isAway() ? [`${name} stays away`] : [])];
  }

  stop(): Promise<void> {
    this.follower.close();
    return Promise.resolve();
  }

  private note(message: Message): void {
    this.received += 1;
    const at = performance.now();
    const { checker, modes } = this.follower;
    for (const { cursor, events } of checker.applied.splice(0)) this.sights.push({ at, kind: 'set', cursor, events });
    if (message.type !== 'SyncComplete' || modes.at(-1) !== 'full') return;
    this.sights.push({ at, kind: 'full', cursor: checker.cursor, versions: versionsOf(checker.state) });
  }
}
