import { FlagSyncClient } from '@flagwire/client';
import { longPoll, poll, type Site, socketIo, sse, type Transport, webSocket } from '@flagwire/client/transports';
import { io } from 'socket.io-client';
import { WebSocket } from 'ws';
import { type Filter, type Flags, versionsOf } from '../../mixed/ledger.js';
import { type Transport as Name } from '../../support/lines.js';
import { type SeededRandom } from '../../support/random.js';
import { type FlagDefinition } from '../../support/wire-types.js';
import { SPEED } from './cluster.js';
import { type Sight } from './record.js';

type Make = (site: Site, fetching: ReturnType<typeof hurriedFetch>) => Transport;

const MAKERS: { readonly [name in Name]: Make } = {
  sse: (site, fetching) => sse(site, fetching),
  websocket: (site) => webSocket(site, WebSocket),
  'socket.io': (site) => socketIo(site, io),
  'long-poll': (site, fetching) => longPoll(site, fetching),
  poll: (site, fetching) => poll(site, fetching),
};
const IN_ORDER: readonly Name[] = ['sse', 'websocket', 'long-poll', 'poll'];

/** The server's clock is not hurried: a long poll asks for a tenth of the time. */
const hurriedFetch = (speed: number) => (url: string, init: object) =>
  fetch(
    url.replace(/\bwait=(\d+)/, (_, wait) => `wait=${Math.round(Number(wait) / speed)}`),
    init,
  );

/** Ten times as fast, so that whatever the SDK waits for is a tenth. */
const hurriedClock = (speed: number) => ({
  now: () => performance.now() * speed,
  setTimeout: (callback: () => void, ms: number) => setTimeout(callback, ms / speed),
  clearTimeout: (timer: unknown) => clearTimeout(timer as NodeJS.Timeout),
});

export interface Place {
  readonly name: string;
  readonly key: string;
  readonly flags: Filter;
  /** The addresses that it goes to, each time the next. */
  readonly urls: readonly string[];
}

/** `@flagwire/client`, and what it tells of. */
export class SdkClient {
  readonly sights: Sight[] = [];
  readonly breaches: string[] = [];
  /** How each of its syncs began; of polls, each answer that brought something. */
  readonly modes: string[] = [];
  received = 0;
  private readonly client: FlagSyncClient;
  /** How the sync began whose flags come next, or came last. */
  private isFull = true;

  /**
   * @param transport null: those that an application has which did not choose, in their order.
   * @param speed how many times as fast as it is its clock goes.
   */
  constructor(
    readonly where: Place,
    transport: Name | null,
    random: SeededRandom,
    speed = SPEED,
  ) {
    const { key, flags, urls } = where;
    let turn = random.int(0, urls.length - 1);
    const names = transport === null ? IN_ORDER : [transport];
    this.client = new FlagSyncClient({
      ...{ url: urls[0] ?? '', sdkKey: key, flags: flags ?? null, clock: hurriedClock(speed), random: () => random.next() },
      transports: (site) => {
        const roaming: Site = {
          get url() {
            turn += 1;
            return urls[turn % urls.length] ?? '';
          },
          get flags() {
            return site.flags;
          },
        };
        return names.map((name) => this.overheard(MAKERS[name](roaming, hurriedFetch(speed))));
      },
    });
    this.client.on('change', ({ cursor }) => this.see(cursor ?? 'none'));
  }

  get cursor(): string {
    return this.client.status.cursor ?? 'none';
  }

  get flags(): Flags {
    return new Map(this.client.all().map((flag) => [flag.id, flag as FlagDefinition]));
  }

  /** Whether it says that its flags are those of the server. */
  get isSure(): boolean {
    return ['live', 'polling'].includes(this.client.status.state);
  }

  stop(): Promise<void> {
    return this.client.close();
  }

  private see(cursor: string): void {
    const { flags } = this;
    this.sights.push({
      ...{ at: performance.now(), kind: this.isFull ? 'full' : 'set', cursor },
      // Put together where it is judged: there is no time for it while hundreds are told of changes.
      get versions() {
        return versionsOf(flags);
      },
    });
  }

  /** A full sync that changes no flag is no change, and leads elsewhere all the same: after a restore, to another branch. */
  private seeWhereItStands(): void {
    if (this.isFull && this.cursor !== 'none' && this.sights.at(-1)?.cursor !== this.cursor) this.see(this.cursor);
  }

  /** Of several change sets that a poll brings it tells at once: they count as all flags. */
  private overheard(transport: Transport): Transport {
    return {
      ...transport,
      open: (request, listener) =>
        transport.open(request, (event) => {
          this.received += event.type === 'Received' || event.type === 'Answered' ? 1 : 0;
          if (event.type === 'Answered') {
            this.isFull = true;
            this.modes.push(event.answer.mode);
          }
          const control = event.type === 'Received' && event.message.type === 'Control' ? event.message.control : null;
          if (control?.type === 'SyncStarted') {
            this.isFull = control.data.mode === 'full';
            this.modes.push(control.data.mode);
          }
          listener(event);
          if (event.type === 'Answered' || control?.type === 'SyncComplete') this.seeWhereItStands();
          // Its end is a change of all flags; what follows are sets again.
          if (control?.type === 'SyncComplete') this.isFull = false;
        }),
    };
  }
}
