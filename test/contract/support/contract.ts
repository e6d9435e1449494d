import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeAll, describe, it } from '@jest/globals';
import { projectRoot } from '../../support/project-root.js';
import { databases, type TestServer } from '../../support/server.js';
import { type Environment } from '../../support/server-process.js';
import { useServers } from '../../support/use-servers.js';
import { poll } from './poll-subscriber.js';
import { sse } from './probe-subscriber.js';
import { Stage } from './stage.js';
import { type Subscriber, type SubscriberOptions, type Transport } from './subscriber.js';
import { transports } from './transports.js';

type Presented = Required<Pick<SubscriberOptions, 'cursor' | 'state'>>;

/** What a promise is tested with: a stage of its own, and clients of one transport. */
export class Cell {
  readonly #subscribers: Subscriber[] = [];

  constructor(
    readonly server: TestServer,
    readonly transport: Transport,
    readonly stage: Stage,
  ) {}

  /** A client of `main`, brought up to date; `options` says what is different. */
  readonly start = async (options: Partial<SubscriberOptions> = {}): Promise<Subscriber> => {
    const subscriber = await this.transport.start({ url: this.server.url, key: this.stage.key, ...options });
    this.#subscribers.push(subscriber);
    return subscriber;
  };

  /** Starts a client and ends it: what it presents when it comes back. */
  readonly visit = async (options: Partial<SubscriberOptions> = {}): Promise<Presented> => {
    const subscriber = await this.start(options);
    await subscriber.stop();
    return { cursor: subscriber.cursor, state: new Map(subscriber.state) };
  };

  expectInOrder(): void {
    for (const subscriber of this.#subscribers) subscriber.expectInOrder();
  }

  async close(): Promise<void> {
    for (const subscriber of this.#subscribers) await subscriber.stop();
  }
}

/** Declares a promise: its sentence, and what shows it in one cell of the matrix. */
export type Declare = (promise: string, shows: (cell: Cell) => Promise<void>) => void;

function reasons(): Record<string, string> {
  return JSON.parse(readFileSync(join(projectRoot(), 'test/contract/matrix-reasons.json'), 'utf8')) as Record<string, string>;
}

/** Where promises are kept: the cells of the matrix, and beside it what may be answered in front, without anything there. */
const places = [
  ...databases.map((database) => ({ place: database, database, cells: transports, mark: '[matrix] ', settings: {} })),
  {
    ...{ place: 'sqlite, nothing in front', database: 'sqlite' as const, mark: '' },
    ...{ cells: [sse, poll], settings: { FLAGWIRE_FRONT_CACHE: 'false' } },
  },
];

/**
 * Runs each promise on every transport and database, but for the cells that matrix-reasons.json gives a reason for. All
 * of them share one server for each database.
 * @param env its settings
 */
export function contract(title: string, env: Environment, promises: (promise: Declare) => void): void {
  const exempt = reasons();
  describe.each(places)(`${title} ($place)`, ({ place, database, cells, mark, settings }) => {
    const launch = useServers();
    let server: TestServer;
    let cell: Cell | undefined;
    beforeAll(async () => {
      server = await launch({ database, env: { ...env, ...settings } });
    }, 60_000);
    afterEach(async () => {
      await cell?.close();
      cell = undefined;
    });

    promises((promise, shows) => {
      for (const transport of cells) {
        if (`${promise}|${transport.name}` in exempt || `${promise}|${transport.name}|${database}` in exempt) continue;
        it(`${mark}${promise} | ${transport.name} | ${place}`, async () => {
          cell = new Cell(server, transport, await Stage.open(server));
          await shows(cell);
          cell.expectInOrder();
        });
      }
    });
  });
}
